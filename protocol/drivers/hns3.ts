import { type DriverFields, type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/**
 * A primary tells its secondaries when a hns3 port starts or stops (`HNS3_MP_NAME`, drivers/net/hns3/hns3_ethdev.h).
 * It asks all of them as soon as one C secondary has the port, and waits up to 5 s for each.
 */
export const HNS3_ACTION = 'net_hns3_mp';

/** `enum hns3_mp_req_type` (hns3_ethdev.h): a primary asks. */
export const Hns3Type = {
  /** The port sends and receives again. */
  START_RXTX: 1,
  /** It does neither any more. */
  STOP_RXTX: 2,
  /** It sends again; since 21.11. */
  START_TX: 3,
  /** It doesn't send any more; since 21.11. */
  STOP_TX: 4,
} as const;

// struct hns3_mp_param (hns3_ethdev.h), the same in 19.11 to 26.07
const FORMAT: DriverFormat = { driver: 'hns3', types: Hns3Type };

/**
 * The param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link Hns3Type}, and for a port or a
 * result that is no whole number of its range. A secondary asked for a port that it doesn't have gives no answer.
 *
 * @example
 * const param = encodeHns3({ type: Hns3Type.STOP_RXTX, portId: 0 });
 */
export function encodeHns3(message: DriverFields): Uint8Array {
  return encodeHead(FORMAT, message).param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * channel.registerAction(HNS3_ACTION, ({ param }) => ({ param: encodeHns3({ ...decodeHns3(param), result: 0 }) }));
 */
export function decodeHns3(param: Uint8Array): DriverMessage {
  return decodeHead(FORMAT, param).head;
}
