// The invariant of decoding: a documented error, or a value that encodes to the same bytes, apart from bytes without a meaning.
import {
  type DecodedMessage,
  DecodeError,
  type DialectId,
  decodeMessage,
  encodeMessage,
  MpError,
  type MpType,
} from '../../../protocol/index.js';
import { Generator } from './generate.js';
import { Random } from './random.js';
import {
  flawOf,
  IGN,
  int32,
  masked,
  nameBytes,
  paramBytes,
  putInt32,
  REP,
  WIRES,
  type Wire,
} from './wire.js';

export interface DecodingCounts {
  decoded: number;
  refused: number;
}

const NAMES = ['echo', 'mp_malloc_sync', 'n'.repeat(63), 'größe', '\ufeffé😀', ''];
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes `count` datagrams; throws at the first that breaks the invariant. */
export function fuzzDecoding(id: DialectId, count: number, seed: number): DecodingCounts {
  const wire = WIRES[id];
  const generator = new Generator(new Random(seed), wire, NAMES);
  const counts: DecodingCounts = { decoded: 0, refused: 0 };
  for (let i = 0; i < count; i++) {
    const { bytes, fdCount } = generator.next();
    try {
      if (checkOne(id, wire, bytes, fdCount)) counts.decoded++;
      else counts.refused++;
    } catch (error) {
      const hex = Buffer.from(bytes).toString('hex');
      throw new Error(`${id}, seed ${seed}, datagram ${i}, ${fdCount} descriptors: ${hex}`, { cause: error });
    }
  }
  return counts;
}

/** Returns true for a datagram that was decoded, false for one that was refused for the right reason. */
function checkOne(id: DialectId, wire: Wire, bytes: Uint8Array, fdCount: number): boolean {
  const flaw = flawOf(wire, bytes, fdCount);
  let message: DecodedMessage;
  try {
    message = decodeMessage(id, bytes, fdCount);
  } catch (error) {
    if (error instanceof DecodeError && error.code === 'EBADMSG' && error.reason === flaw) return false;
    throw error;
  }
  if (flaw !== undefined && flaw !== 'name') throw new RangeError(`decoded in spite of its ${flaw}`);
  same('type', message.type, int32(bytes, 0));
  same('nameTerminated', message.nameTerminated, flaw === undefined);
  same('numFds', message.numFds, fdCount);
  sameBytes('param', message.param, paramBytes(wire, bytes));
  sameBytes('paramArea', message.paramArea, bytes.subarray(wire.param, wire.param + 256));
  checkEncoding(id, wire, bytes, message);
  return true;
}

function checkEncoding(id: DialectId, wire: Wire, bytes: Uint8Array, message: DecodedMessage): void {
  const { type, name, param, numFds } = message;
  // never sent, but may be received: other types, and an IGN with a param or descriptors
  const isSent = type >= 0 && type <= IGN && !(type === IGN && param.length + numFds > 0);
  const expected = masked(wire, bytes);
  if (!isSent) putInt32(expected, 0, REP);
  if (id === '340/253') putInt32(expected, 336, -1);
  const isName = name !== '' && message.nameTerminated && isUtf8(nameBytes(wire, bytes));
  try {
    const fds = new Array<number>(numFds).fill(0);
    const encoded = encodeMessage(id, isSent ? (type as MpType) : REP, { name, param, fds });
    if (isName) sameBytes('encoded again', encoded, expected);
  } catch (error) {
    if (isName || !(error instanceof MpError && ['EINVAL', 'E2BIG'].includes(error.code))) throw error;
  }
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new RangeError(`${what} is ${actual}, not ${expected}`);
}

function sameBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) !== 0) {
    throw new RangeError(`${what} is ${Buffer.from(actual).toString('hex')}`);
  }
}
