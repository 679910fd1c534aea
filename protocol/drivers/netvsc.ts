import { type DriverFields, type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/**
 * A primary tells its secondaries that the virtual function of a netvsc port goes (`NETVSC_MP_NAME`,
 * drivers/net/netvsc/hn_ethdev.c, since 26.03, 25.11.1, 24.11.5 and 23.11.7).
 */
export const NETVSC_ACTION = 'net_netvsc_mp';

/** `enum netvsc_mp_req_type` (drivers/net/netvsc/hn_nvs.h): a primary asks. */
export const NetvscType = {
  /** Let go of the port of the virtual function. */
  VF_REMOVE: 1,
} as const;

// struct netvsc_mp_param (hn_ethdev.c), the same in 26.03, 26.07 and the older ones
const FORMAT: DriverFormat = { driver: 'netvsc', types: NetvscType };

/**
 * The param of a request or an answer; the port is that of the virtual function. Throws `EINVAL` for a type that isn't one of
 * {@link NetvscType}, and for a port or a result that is no whole number of its range. Not run against a live driver: that
 * needs Hyper-V.
 *
 * @example
 * const param = encodeNetvsc({ type: NetvscType.VF_REMOVE, portId: 1 });
 */
export function encodeNetvsc(message: DriverFields): Uint8Array {
  return encodeHead(FORMAT, message).param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { portId } = decodeNetvsc(msg.param);
 */
export function decodeNetvsc(param: Uint8Array): DriverMessage {
  return decodeHead(FORMAT, param).head;
}
