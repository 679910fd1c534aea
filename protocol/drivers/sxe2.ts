import { type DriverFields, type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/** A secondary asks the primary for the statistics of a sxe2 port (`SXE2_MP_NAME`, drivers/net/sxe2/sxe2_mp.h, since 26.07). */
export const SXE2_ACTION = 'sxe2_mp_msg';

/**
 * `enum sxe2_mp_req_type` (sxe2_mp.h): a secondary asks, and waits up to 30 s. Statistics come in the memzone
 * `sxe2_stats_mz`, whose first 16 bits are a lock that C takes before it asks.
 */
export const Sxe2Type = {
  /** Write the port's statistics there. */
  GET_STATS: 1,
  /** Write its extended statistics there, at most 128. */
  GET_XSTATS: 2,
  /** Set them to 0. */
  RESET_STATS: 3,
} as const;

// struct sxe2_mp_param (sxe2_mp.h) of 26.07
const FORMAT: DriverFormat = { driver: 'sxe2', types: Sxe2Type };

/**
 * The param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link Sxe2Type}, and for a port or a
 * result that is no whole number of its range. A primary asked for a port that it doesn't have gives no answer. Not run
 * against a live driver: that needs the hardware, and DPDK 26.07.
 *
 * @example
 * const param = encodeSxe2({ type: Sxe2Type.RESET_STATS, portId: 0 });
 */
export function encodeSxe2(message: DriverFields): Uint8Array {
  return encodeHead(FORMAT, message).param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { result } = decodeSxe2(msg.param);
 */
export function decodeSxe2(param: Uint8Array): DriverMessage {
  return decodeHead(FORMAT, param).head;
}
