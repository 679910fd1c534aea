import { expect } from 'chai';
import {
  decodeMallocRequest,
  decodeMallocSync,
  encodeMallocRequest,
  encodeMallocResponse,
  encodeMallocSync,
  hasSynced,
  type MallocAllocRequest,
  type MallocFreeRequest,
  MallocResult,
  MallocType,
} from '../../../protocol/eal/malloc.js';
import { thrown } from '../../support/mp-error.js';

const ID = 0x8807060504030201n;
const ID_BYTES = [1, 2, 3, 4, 5, 6, 7, 0x88];

describe('memory sync requests', () => {
  it('are read as struct malloc_mp_req has them', () => {
    const param = new Uint8Array(300);
    param.set([2, 0, 0, 0], 10);
    param.set(ID_BYTES, 10 + 64);
    expect(decodeMallocSync(param.subarray(10, 90)).id).to.equal(ID);
  });

  it('are answered with the same type and id', () => {
    const answer = encodeMallocSync({ id: ID }, MallocResult.FAIL);
    const expected = new Uint8Array(80);
    expected.set([2], 0);
    expected.set(ID_BYTES, 64);
    expected.set([1], 72);
    expect(answer).to.deep.equal(expected);
    expect(encodeMallocSync({ id: 1n }, MallocResult.SUCCESS)[72]).to.equal(0);
  });

  it('are refused when they are short or of another type', () => {
    for (const param of [new Uint8Array(0), new Uint8Array(79).fill(2, 0, 1), new Uint8Array(80)]) {
      expect(thrown(() => decodeMallocSync(param))).to.have.property('code', 'EBADMSG');
    }
  });

  it('have been followed only by an answer of the same id that says so', () => {
    const answer = encodeMallocSync({ id: ID }, MallocResult.SUCCESS);
    expect(hasSynced(answer, ID)).to.equal(true);
    expect(hasSynced(answer, ID + 1n)).to.equal(false);
    expect(hasSynced(answer.subarray(0, 79), ID)).to.equal(false);
    expect(hasSynced(encodeMallocSync({ id: ID }, MallocResult.FAIL), ID)).to.equal(false);
    expect(hasSynced(encodeMallocRequest(FREE), FREE.id)).to.equal(false);
  });
});

const ALLOC: MallocAllocRequest = {
  type: MallocType.ALLOC,
  id: ID,
  heapIndex: 3,
  pageSize: 0x200000n,
  eltSize: 0x1_2345_6780n,
  socketId: -1,
  flags: 0x100004,
  align: 128n,
  bound: 4096n,
  contiguous: true,
};
const FREE: MallocFreeRequest = { type: MallocType.FREE, id: 7n, addr: 0x100200000n, len: 0x400000n };

describe('memory requests', () => {
  it('to allocate are as struct malloc_req_alloc has them', () => {
    const expected = Buffer.alloc(80);
    expected.writeUInt32LE(3, 8);
    expected.writeBigUInt64LE(0x200000n, 16);
    expected.writeBigUInt64LE(0x1_2345_6780n, 24);
    expected.writeInt32LE(-1, 32);
    expected.writeUInt32LE(0x100004, 36);
    expected.writeBigUInt64LE(128n, 40);
    expected.writeBigUInt64LE(4096n, 48);
    expected[56] = 1;
    expected.set(ID_BYTES, 64);
    const param = encodeMallocRequest(ALLOC);
    expect(Buffer.from(param).toString('hex')).to.equal(expected.toString('hex'));
    expect(decodeMallocRequest(param)).to.deep.equal(ALLOC);
    const plain = { ...ALLOC, contiguous: false };
    expect(decodeMallocRequest(encodeMallocRequest(plain))).to.deep.equal(plain);
  });

  it('to free are as struct malloc_req_free has them', () => {
    const expected = Buffer.alloc(80);
    expected.writeUInt32LE(1, 0);
    expected.writeBigUInt64LE(0x100200000n, 8);
    expected.writeBigUInt64LE(0x400000n, 16);
    expected.writeBigUInt64LE(7n, 64);
    const param = encodeMallocRequest(FREE);
    expect(Buffer.from(param).toString('hex')).to.equal(expected.toString('hex'));
    expect(decodeMallocRequest(param)).to.deep.equal(FREE);
  });

  it('are answered with their type, their id and the result', () => {
    const expected = Buffer.alloc(80);
    expected.set(ID_BYTES, 64);
    expected[72] = 1;
    expect(Buffer.from(encodeMallocResponse(ALLOC, MallocResult.FAIL))).to.deep.equal(expected);
    expect([...encodeMallocResponse(FREE, MallocResult.SUCCESS).subarray(0, 4)]).to.deep.equal([1, 0, 0, 0]);
  });

  it('are refused when they are short or of another type', () => {
    const sync = encodeMallocSync({ id: 1n }, MallocResult.SUCCESS);
    for (const param of [new Uint8Array(0), new Uint8Array(79), sync]) {
      expect(thrown(() => decodeMallocRequest(param))).to.have.property('code', 'EBADMSG');
    }
  });
});
