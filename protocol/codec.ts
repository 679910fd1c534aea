import { byteAt, getInt32, getUtf8, isUint8Array, putInt32, putUtf8 } from './bytes.js';
import { type Dialect, type DialectId, resolveDialect } from './dialect.js';
import { MpError } from './errors.js';
import { type DecodedMessage, type Message, MP_MAX_NAME_LEN, MP_MAX_PARAM_LEN, MpType } from './message.js';
import { checkMessage, snapshotOf } from './validate.js';

/**
 * Which check of `read_msg` (eal_common_proc.c) a datagram failed: its length, `num_fds`, `len_param`; or
 * `fd-count`, which C doesn't check: `num_fds` differs from the descriptors that came along.
 */
export type DecodeReason = 'length' | 'num-fds' | 'len-param' | 'fd-count';

/**
 * A datagram that isn't a valid message: code `EBADMSG`, and which check failed in `reason`. C's receiver
 * ends its IPC thread on most of these (22.03 and later); here the datagram is dropped and reading goes on.
 *
 * @example
 * try {
 *   decodeMessage('332/8', new Uint8Array(331));
 * } catch (error) {
 *   if (error instanceof DecodeError) console.error(error.reason); // 'length'
 * }
 */
export class DecodeError extends MpError {
  /** Which check failed. */
  readonly reason: DecodeReason;

  static {
    DecodeError.prototype.name = 'DecodeError';
  }

  constructor(reason: DecodeReason, message: string) {
    super('EBADMSG', message);
    this.reason = reason;
  }
}

/** No descriptor: C handlers that close fds[0] unasked close nothing. */
const NO_FD = -1;

/**
 * The datagram that `send_msg` (eal_common_proc.c) puts on the wire for this message: exactly
 * `dialect.wireLength` bytes, all of them set. The descriptors themselves go beside it, in one SCM_RIGHTS.
 *
 * With `out` (at least `wireLength` long) nothing is allocated for the result: it is the start of `out`, which
 * the next use of `out` overwrites. Throws `EINVAL`, `E2BIG`, `EBADF` for a message that C would refuse; also `EINVAL` for an unknown dialect or
 * type, a short `out`, and an IGN that carries anything.
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
  return encodeSnapshot(resolveDialect(dialect), type, snapshotOf(message), out);
}

/** The same for a message that is a snapshot already. */
export function encodeSnapshot(known: Dialect, type: MpType, message: Message, out?: Uint8Array): Uint8Array {
  const param = checkMessage(known, message);
  const numFds = message.fds === undefined ? 0 : message.fds.length;
  checkType(type, param.length + numFds);
  const bytes = target(known, out);
  const { offsets } = known;
  // first, in case it is a view of `out`
  if (param.length > 0) bytes.set(param, offsets.param); // a transferred array has no bytes and takes no access
  bytes.fill(0, offsets.param + param.length);
  bytes.fill(0, 0, offsets.param);
  putInt32(bytes, offsets.type, type);
  putUtf8(bytes, offsets.name, message.name);
  putInt32(bytes, offsets.lenParam, param.length);
  putInt32(bytes, offsets.numFds, numFds);
  if (offsets.staleFd !== undefined) putInt32(bytes, offsets.staleFd, NO_FD);
  return bytes;
}

function checkType(type: number, load: number): void {
  if (!(Number.isInteger(type) && type >= MpType.MSG && type <= MpType.IGN)) {
    throw new MpError('EINVAL', `${String(type)} is no message type: use MpType.MSG, REQ, REP or IGN`);
  }
  if (type === MpType.IGN && load > 0) {
    throw new MpError('EINVAL', 'an IGN carries neither param nor descriptors: leave them out or send a REP');
  }
}

function target(dialect: Dialect, out: Uint8Array | undefined): Uint8Array {
  const length = dialect.wireLength;
  if (out === undefined) return new Uint8Array(length);
  if (!isUint8Array(out) || out.length < length) {
    throw new MpError('EINVAL', `out can't hold a datagram: give a Uint8Array of at least ${length} bytes`);
  }
  return out.length === length ? out : out.subarray(0, length);
}

/**
 * Takes a datagram apart as `read_msg` (eal_common_proc.c) does, and copies what it returns. `fdCount` is how
 * many descriptors came with it; when given, it must be what the message says.
 *
 * Throws {@link DecodeError} (`EBADMSG`) for a wrong length, a `num_fds` or `len_param` out of range, and a
 * wrong `fdCount`; the caller closes the descriptors then. Type and name are not judged, and bytes behind the
 * name's NUL, behind `len_param` and in padding are not looked at: C senders leave garbage there.
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
    name: getUtf8(bytes, offsets.name, nameEnd),
    nameTerminated: nameEnd < offsets.name + MP_MAX_NAME_LEN,
    param: paramArea.subarray(0, lenParam),
    paramArea,
    numFds,
  };
}

function checkDatagram(dialect: Dialect, bytes: Uint8Array): void {
  if (!isUint8Array(bytes)) {
    throw new MpError('EINVAL', `a datagram is a Uint8Array, not a ${typeof bytes}: pass the bytes received`);
  }
  if (bytes.length !== dialect.wireLength) {
    throw new DecodeError(
      'length',
      `the datagram has ${bytes.length} bytes, dialect ${dialect.id} has ${dialect.wireLength}: ` +
        'drop it, and check that both sides speak the same dialect',
    );
  }
}

// in read_msg's order
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

function endOfName(bytes: Uint8Array, start: number): number {
  const limit = start + MP_MAX_NAME_LEN;
  let end = start;
  while (end < limit && byteAt(bytes, end) !== 0) end++;
  return end;
}

// faster than subarray or slice, which give a Buffer for a Buffer, and a Buffer's slice is no copy
function copyOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return new Uint8Array(new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length));
}
