import { expect } from 'chai';
import { decodeMallocSync, encodeMallocSync, MallocResult } from '../../protocol/eal/malloc.js';
import { thrown } from './thrown.js';

describe('memory sync requests', () => {
  it('are read as struct malloc_mp_req has them', () => {
    const param = new Uint8Array(300);
    param.set([2, 0, 0, 0], 10);
    param.set([1, 2, 3, 4, 5, 6, 7, 0x88], 10 + 64);
    expect(decodeMallocSync(param.subarray(10, 90)).id).to.equal(0x8807060504030201n);
  });

  it('are answered with the same type and id', () => {
    const answer = encodeMallocSync({ id: 0x8807060504030201n }, MallocResult.FAIL);
    const expected = new Uint8Array(80);
    expected.set([2], 0);
    expected.set([1, 2, 3, 4, 5, 6, 7, 0x88], 64);
    expected.set([1], 72);
    expect(answer).to.deep.equal(expected);
    expect(encodeMallocSync({ id: 1n }, MallocResult.SUCCESS)[72]).to.equal(0);
  });

  it('are refused when they are short or of another type', () => {
    for (const param of [new Uint8Array(0), new Uint8Array(79).fill(2, 0, 1), new Uint8Array(80)]) {
      expect(thrown(() => decodeMallocSync(param))).to.have.property('code', 'EBADMSG');
    }
  });
});
