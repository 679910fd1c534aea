import { getChars } from '../bytes.js';
import { type Changes, recordOf } from '../eal/releases.js';
import { DEV_NAME_MAX_LEN, putChars } from '../eal/struct.js';
import { MpError } from '../errors.js';

/** A secondary asks the primary for the queues of a tap port (`TAP_MP_KEY`, drivers/net/tap/rte_eth_tap.c). */
export const TAP_SYNC_ACTION = 'tap_mp_sync_queues';
/** The primary's message to all when it starts a tap port (`TAP_MP_REQ_START_RXTX`, rte_eth_tap.c, since 22.03). */
export const TAP_START_ACTION = 'tap_mp_req_start_rxtx';

/** `struct ipc_queues` of one range of releases. Frozen. */
export interface TapFormat {
  /** Of the param. */
  readonly size: number;
  /** Whether a queue has a descriptor for receiving and one for sending, or one for both. */
  readonly areSeparate: boolean;
}

const SEPARATE: TapFormat = Object.freeze({ size: 72, areSeparate: true });
const SHARED: TapFormat = Object.freeze({ size: 68, areSeparate: false });
// since 24.07
const TAP_FORMATS: Changes<TapFormat> = [SEPARATE, [0x18070000, SHARED]];

// struct ipc_queues: SHARED has one count, at the place of the first
const PORT_NAME = 0;
const RXQ_COUNT = 64;
const TXQ_COUNT = 68;

/**
 * The queues of a tap port; in a request there are none. Their descriptors come along. Up to 24.03 those of a reply are
 * for receiving first, and those of `TAP_START_ACTION` for sending first; later each is for both.
 */
export interface TapQueues {
  /** As 'net_tap0'. A primary asked for a port of another driver crashes. */
  readonly port: string;
  /** For receiving. */
  readonly rxQueues: number;
  /** For sending. */
  readonly txQueues: number;
}

/**
 * How a primary of this version (the version word of its `config`) speaks of queues.
 *
 * @example
 * const { areSeparate } = tapFormatOf(0x160b0b63); // true
 */
export function tapFormatOf(versionWord: number): TapFormat {
  return recordOf(TAP_FORMATS, versionWord);
}

/**
 * The param of a request or an answer; there are no queues unless given. Throws `EINVAL` or `E2BIG` for a port that
 * doesn't fit, `EINVAL` for queues that differ in number where the release has pairs.
 *
 * @example
 * const param = encodeTapQueues(tapFormatOf(0x160b0b63), { port: 'net_tap0' });
 */
export function encodeTapQueues(
  { size, areSeparate }: TapFormat,
  { port, rxQueues = 0, txQueues = 0 }: Partial<TapQueues> & { port: string },
): Uint8Array {
  const param = new Uint8Array(size);
  const view = new DataView(param.buffer);
  putChars(param, PORT_NAME, DEV_NAME_MAX_LEN, port, 'The port');
  view.setInt32(RXQ_COUNT, rxQueues, true);
  if (areSeparate) view.setInt32(TXQ_COUNT, txQueues, true);
  else if (rxQueues !== txQueues) {
    const message = `This release has queues in pairs: ${rxQueues} to receive and ${txQueues} to send are none`;
    throw new MpError('EINVAL', message);
  }
  return param;
}

/**
 * Reads a request or an answer; its length tells the format. Throws `EBADMSG` for any other.
 *
 * @example
 * const { rxQueues } = decodeTapQueues(msg.param); // and msg.takeFds()
 */
export function decodeTapQueues(param: Uint8Array): TapQueues {
  const { length } = param;
  const format = [SEPARATE, SHARED].find(({ size }) => size === length);
  if (format === undefined) {
    throw new MpError('EBADMSG', `Queues in ${length} bytes are of no known release: answer with IGN`);
  }
  const view = new DataView(param.buffer, param.byteOffset, length);
  const rxQueues = view.getInt32(RXQ_COUNT, true);
  const txQueues = format.areSeparate ? view.getInt32(TXQ_COUNT, true) : rxQueues;
  return { port: getChars(param, PORT_NAME, DEV_NAME_MAX_LEN), rxQueues, txQueues };
}
