import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  type DecodedMessage,
  DecodeError,
  DIALECTS,
  type DialectId,
  decodeMessage,
  encodeMessage,
  type MpType,
} from '../../protocol/index.js';
import { thrown } from '../support/mp-error.js';

interface Vector {
  readonly description: string;
  readonly dialect: DialectId;
  readonly direction: string;
  /** Where the bytes come from; 'constructed' when no C process sent them. */
  readonly captured: string;
  readonly hex: string;
  /** How many descriptors came with it. */
  readonly fdCount: number;
}

/** A datagram that a C process sent, and what is in it. */
interface GoodVector extends Vector {
  /** 00 where C leaves what happened to be in memory, ff where the byte counts. */
  readonly mask: string;
  readonly fields: {
    readonly type: MpType;
    readonly name: string;
    readonly lenParam: number;
    readonly numFds: number;
    readonly paramHex: string;
  };
}

/** A datagram that must be refused, and why. */
interface BadVector extends Vector {
  readonly reason: DecodeError['reason'];
}

export function readVectors(file: string): readonly (GoodVector | BadVector)[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8'));
}

/** Makes the tests of one vector: parse, encode and mirror it, or refuse it. */
export function testVector(vector: GoodVector | BadVector): void {
  describe(`${vector.dialect}: ${vector.description}`, () => {
    if ('reason' in vector) testRefusal(vector);
    else testMessage(vector);
  });
}

function testRefusal({ dialect, hex, fdCount, reason }: BadVector): void {
  it(`is refused: ${reason}`, () => {
    const error = thrown(() => decodeMessage(dialect, Buffer.from(hex, 'hex'), fdCount));
    expect(error).to.be.instanceOf(DecodeError);
    expect(error).to.include({ code: 'EBADMSG', reason });
  });
}

function testMessage({ dialect, hex, mask, fdCount, fields }: GoodVector): void {
  const wire = Buffer.from(hex, 'hex');
  const { type, name, lenParam, numFds, paramHex } = fields;

  it('parses', () => {
    const message = decodeMessage(dialect, wire, fdCount);
    expect(message).to.include({ type, name, nameTerminated: true, numFds });
    expect(message.param).to.have.length(lenParam);
    expect(Buffer.from(message.param).toString('hex')).to.equal(paramHex);
    const area = wire.subarray(DIALECTS[dialect].offsets.param).subarray(0, 256);
    expect(Buffer.from(message.paramArea).equals(area)).to.equal(true);
  });

  it('encodes to the same bytes', () => {
    const message = { name, param: Buffer.from(paramHex, 'hex'), fds: descriptors(numFds) };
    expectSame(encodeMessage(dialect, type, message), wire, mask);
  });

  it('mirrors', () => {
    const message: DecodedMessage = decodeMessage(dialect, wire);
    const { name, param } = message;
    expectSame(
      encodeMessage(dialect, message.type as MpType, { name, param, fds: descriptors(message.numFds) }),
      wire,
      mask,
    );
  });
}

/** Any will do: only how many there are is encoded. */
function descriptors(count: number): number[] {
  return new Array(count).fill(0);
}

function expectSame(actual: Uint8Array, expected: Uint8Array, mask: string): void {
  const cares = Buffer.from(mask, 'hex');
  const masked = (bytes: Uint8Array) =>
    Buffer.from(bytes.map((byte, i) => byte & (cares[i] ?? 0xff))).toString('hex');
  expect(masked(actual)).to.equal(masked(expected));
}
