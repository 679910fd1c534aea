import { byteAt, getInt32, getUtf8, isUint8Array, putInt32, putUtf8 } from './bytes.js';
import { DIALECTS, type Dialect, type DialectId, resolveDialect } from './dialect.js';
import { invalid, MpError } from './errors.js';
import { type DecodedMessage, type Message, MP_MAX_NAME_LEN, MP_MAX_PARAM_LEN, MpType } from './message.js';
import { checkFdCount, type MessageFields, readMessage } from './validate.js';

/**
 * Name of the check that a datagram failed. `read_msg` (eal_common_proc.c) checks its length, `num_fds` and `len_param`; C
 * doesn't check `fd-count`: whether `num_fds` is the number of descriptors that came with the datagram.
 */
export type DecodeReason = 'length' | 'num-fds' | 'len-param' | 'fd-count';

/**
 * Error for a datagram that isn't a valid message: code `EBADMSG`, with the failed check in `reason`. Most of these end the
 * IPC thread of a C process (22.03 and later). A channel drops the datagram and reads on.
 *
 * @example
 * try {
 *   decodeMessage('332/8', new Uint8Array(331));
 * } catch (error) {
 *   if (error instanceof DecodeError) console.error(error.reason); // 'length'
 * }
 */
export class DecodeError extends MpError {
  /** Name of the check that failed. */
  readonly reason: DecodeReason;

  static {
    DecodeError.prototype.name = 'DecodeError';
  }

  constructor(reason: DecodeReason, message: string) {
    super('EBADMSG', message);
    this.reason = reason;
  }
}

/** Stands for no descriptor in fds[0], so that a C handler that closes fds[0] in any case closes nothing. */
const NO_FD = -1;

/**
 * Encodes a message as the datagram that `send_msg` (eal_common_proc.c) sends: exactly `dialect.wireLength` bytes, all of
 * them set. The descriptors themselves travel beside it, in one SCM_RIGHTS.
 *
 * With `out`, which needs at least `wireLength` bytes, the result is the start of `out`, and valid until `out` is used again.
 * Throws `EINVAL`, `E2BIG` or `EBADF` for a message that C would refuse; also `EINVAL` for an unknown dialect or type, a short
 * `out`, and an IGN that carries a param or descriptors.
 *
 * @example
 * const datagram = encodeMessage('332/8', MpType.REQ, { name: 'echo', param: 'hello' });
 */
export function encodeMessage(
  dialect: Dialect | DialectId,
  type: MpType,
  message: Message,
  out?: Uint8Array,
): Uint8Array {
  const known = resolveDialect(dialect);
  const fields = readMessage(message, known);
  checkType(type, fields.paramLength + fields.fds.length);
  const bytes = target(known, out);
  const { offsets } = known;
  // the param first, because it may be a view of `out`
  writeParam(bytes, offsets.param, fields);
  bytes.fill(0, offsets.param + fields.paramLength);
  bytes.fill(0, 0, offsets.param);
  writeHead(bytes, offsets.name, fields);
  writeType(bytes, 0, known, type);
  return bytes;
}

/** Longest datagram of all dialects, in bytes. */
const LONGEST = DIALECTS['340/253'];
/** Length of the block of memory that prepared messages share: one allocation for 48 of them. */
const SLAB_LENGTH = 48 * LONGEST.wireLength;

let slab = new Uint8Array(0);
let slabUsed = 0;

/**
 * A message to send: read, checked and encoded once, for every dialect. Later changes of the caller's object don't affect it,
 * and no other message uses its bytes.
 */
export class PreparedMessage {
  /** Name of the action. */
  readonly name: string;
  /** Descriptors to send along. They stay the caller's. */
  readonly fds: readonly number[];
  readonly #load: number;
  #bytes: Uint8Array;
  /** Offset in `#bytes` at which the datagram of the longest dialect begins. */
  #start: number;
  #encoded: { readonly dialect: Dialect; readonly type: MpType; readonly datagram: Uint8Array } | undefined;

  /**
   * Throws the errors of {@link encodeMessage}; too many descriptors for a dialect are refused by {@link
   * PreparedMessage.encode}.
   */
  constructor(message: Message) {
    const fields = readMessage(message, LONGEST);
    this.name = fields.name;
    this.fds = fields.fds;
    this.#load = fields.paramLength + fields.fds.length;
    if (slabUsed === slab.length) {
      slab = new Uint8Array(SLAB_LENGTH); // zeros
      slabUsed = 0;
    }
    this.#bytes = slab;
    this.#start = slabUsed;
    slabUsed += LONGEST.wireLength;
    writeParam(this.#bytes, this.#start + LONGEST.offsets.param, fields);
    writeHead(this.#bytes, this.#start + LONGEST.offsets.name, fields);
  }

  /**
   * Returns the datagram in this dialect. From the name to the param all dialects have the same bytes, so only the fields
   * around them are written. Throws `E2BIG` for more descriptors than the dialect takes, `EINVAL` for an IGN that carries a
   * param or descriptors.
   */
  encode(dialect: Dialect, type: MpType): Uint8Array {
    const last = this.#encoded;
    if (last?.dialect === dialect && last.type === type) return last.datagram;
    checkFdCount(dialect, this.name, this.fds.length);
    checkType(type, this.#load);
    if (last !== undefined) {
      // the other datagram may still be waiting to be sent
      this.#bytes = this.#bytes.slice(this.#start, this.#start + LONGEST.wireLength);
      this.#start = 0;
      this.#bytes.fill(0, 0, LONGEST.offsets.name);
    }
    const start = this.#start + LONGEST.offsets.name - dialect.offsets.name;
    const datagram = this.#bytes.subarray(start, start + dialect.wireLength);
    writeType(datagram, 0, dialect, type);
    this.#encoded = { dialect, type, datagram };
    return datagram;
  }
}

function writeParam(bytes: Uint8Array, at: number, { param, paramLength }: MessageFields): void {
  if (typeof param === 'string') {
    putUtf8(bytes, at, param);
    bytes[at + paramLength - 1] = 0;
  } else if (param.length > 0) bytes.set(param, at); // a transferred array has no bytes, and `set` would throw
}

/** Writes `name`, `len_param` and `num_fds`, which follow each other in every dialect. */
function writeHead(bytes: Uint8Array, at: number, { name, paramLength, fds }: MessageFields): void {
  putUtf8(bytes, at, name);
  putInt32(bytes, at + MP_MAX_NAME_LEN, paramLength);
  putInt32(bytes, at + MP_MAX_NAME_LEN + 4, fds.length);
}

function writeType(bytes: Uint8Array, at: number, { offsets }: Dialect, type: MpType): void {
  putInt32(bytes, at + offsets.type, type);
  if (offsets.staleFd !== undefined) putInt32(bytes, at + offsets.staleFd, NO_FD);
}

function checkType(type: number, load: number): void {
  if (!(Number.isInteger(type) && type >= MpType.MSG && type <= MpType.IGN)) {
    throw invalid(`${String(type)} is no message type: use MpType.MSG, REQ, REP or IGN`);
  }
  if (type === MpType.IGN && load > 0) {
    throw invalid('an IGN carries neither param nor descriptors: leave them out or send a REP');
  }
}

function target(dialect: Dialect, out: Uint8Array | undefined): Uint8Array {
  const length = dialect.wireLength;
  if (out === undefined) return new Uint8Array(length);
  if (!isUint8Array(out) || out.length < length) {
    throw invalid(`out can't hold a datagram: give a Uint8Array of at least ${length} bytes`);
  }
  return out.length === length ? out : out.subarray(0, length);
}

/**
 * Decodes a datagram as `read_msg` (eal_common_proc.c) does. The result is a copy. `fdCount` is the number of descriptors that
 * came with the datagram; if given, it must be the number that the message claims.
 *
 * Throws {@link DecodeError} (`EBADMSG`) for a wrong length, a `num_fds` or `len_param` out of range, and a wrong `fdCount`; the
 * caller closes the descriptors then. Type and name are not checked. Bytes behind the name's NUL, behind `len_param` and in
 * padding are ignored: C senders leave garbage there.
 *
 * @example
 * const { name, param } = decodeMessage('332/8', datagram, 0);
 */
export function decodeMessage(
  dialect: Dialect | DialectId,
  bytes: Uint8Array,
  fdCount?: number,
): DecodedMessage {
  const known = resolveDialect(dialect);
  checkDatagram(known, bytes);
  const { offsets } = known;
  const numFds = getInt32(bytes, offsets.numFds);
  const lenParam = getInt32(bytes, offsets.lenParam);
  checkCounts(known, numFds, lenParam);
  if (fdCount !== undefined && fdCount !== numFds) {
    throw new DecodeError(
      'fd-count',
      `the message claims ${numFds} descriptors and ${fdCount} came with it: close them and drop it`,
    );
  }
  const nameEnd = endOfName(bytes, offsets.name);
  const paramArea = copyOf(bytes, offsets.param, MP_MAX_PARAM_LEN);
  return {
    type: getInt32(bytes, offsets.type),
    name: nameIn(bytes, offsets.name, nameEnd),
    nameTerminated: nameEnd < offsets.name + MP_MAX_NAME_LEN,
    param: paramArea.subarray(0, lenParam),
    paramArea,
    numFds,
  };
}

function checkDatagram(dialect: Dialect, bytes: Uint8Array): void {
  if (!isUint8Array(bytes)) {
    throw invalid(`a datagram is a Uint8Array, not a ${typeof bytes}: pass the bytes received`);
  }
  if (bytes.length !== dialect.wireLength) {
    throw new DecodeError(
      'length',
      `the datagram has ${bytes.length} bytes, dialect ${dialect.id} has ${dialect.wireLength}: ` +
        'drop it, and check that both sides speak the same dialect',
    );
  }
}

/** Checks in the order of `read_msg`. */
function checkCounts(dialect: Dialect, numFds: number, lenParam: number): void {
  if (numFds < 0 || numFds > dialect.maxFds) {
    throw new DecodeError(
      'num-fds',
      `the message claims ${numFds} descriptors, dialect ${dialect.id} allows 0 to ${dialect.maxFds}: drop it`,
    );
  }
  if (lenParam < 0 || lenParam > MP_MAX_PARAM_LEN) {
    throw new DecodeError(
      'len-param',
      `the message claims ${lenParam} bytes of param, 0 to ${MP_MAX_PARAM_LEN} exist: drop it`,
    );
  }
}

/** The last decoded name and its bytes. The next name is mostly the same, and then no new string has to be made. */
let lastName = '';
let lastNameBytes = new Uint8Array(0);

function nameIn(bytes: Uint8Array, start: number, end: number): string {
  if (end - start === lastNameBytes.length) {
    let i = 0;
    while (i < lastNameBytes.length && bytes[start + i] === lastNameBytes[i]) i++;
    if (i === lastNameBytes.length) return lastName;
  }
  lastName = getUtf8(bytes, start, end);
  lastNameBytes = new Uint8Array(bytes.subarray(start, end));
  return lastName;
}

function endOfName(bytes: Uint8Array, start: number): number {
  const limit = start + MP_MAX_NAME_LEN;
  let end = start;
  while (end < limit && byteAt(bytes, end) !== 0) end++;
  return end;
}

// faster than subarray or slice, which return a Buffer for a Buffer; the slice of a Buffer is no copy either
function copyOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return new Uint8Array(new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length));
}
