import { getChars } from '../utf8.js';
import { DEVARGS_MAX_LEN } from './devargs.js';
import { putChars, viewOf } from './struct.js';

/** Hotplug: a secondary asks the primary, and the primary every secondary (`EAL_DEV_MP_ACTION_REQUEST`, hotplug_mp.h). */
export const DEVICE_ACTION = 'eal_dev_mp_request';

/** `enum eal_dev_req_type` (hotplug_mp.h). A rollback undoes what was done already when somebody failed. */
export const DeviceRequestType = { ATTACH: 0, DETACH: 1, ATTACH_ROLLBACK: 2, DETACH_ROLLBACK: 3 } as const;
export type DeviceRequestType = (typeof DeviceRequestType)[keyof typeof DeviceRequestType];

// struct eal_dev_mp_req (hotplug_mp.h), the same in 18.11 to 26.07
const EAL_DEV_MP_REQ_SIZE = 136;
const TYPE = 0;
const DEVARGS = 4;
const RESULT = 132;

/** A hotplug request, or the answer to one. */
export interface DeviceRequest {
  /** A {@link DeviceRequestType}. Answers tell how far it came: a rollback, if something was undone. */
  readonly type: number;
  /** `bus:name,arguments`, at most 127 bytes. */
  readonly devargs: string;
  /** In an answer 0 or a negative errno. */
  readonly result: number;
}

/**
 * The param of a hotplug request; `result` is 0 unless given. Throws `EINVAL` or `E2BIG` for devargs that don't fit; what
 * they may say is the business of `checkDevargs`.
 *
 * @example
 * const param = encodeDeviceRequest({ type: DeviceRequestType.ATTACH, devargs: 'vdev:net_null0' });
 */
export function encodeDeviceRequest({
  type,
  devargs,
  result = 0,
}: Omit<DeviceRequest, 'result'> & { result?: number }): Uint8Array {
  const param = new Uint8Array(EAL_DEV_MP_REQ_SIZE);
  const view = new DataView(param.buffer);
  view.setUint32(TYPE, type, true);
  putChars(param, DEVARGS, DEVARGS_MAX_LEN, devargs, 'The device');
  view.setInt32(RESULT, result, true);
  return param;
}

/**
 * Reads a hotplug request or answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { result } = decodeDeviceRequest(msg.param); // of an answer
 */
export function decodeDeviceRequest(param: Uint8Array): DeviceRequest {
  const view = viewOf(param, EAL_DEV_MP_REQ_SIZE, 'A hotplug request');
  return {
    type: view.getUint32(TYPE, true),
    devargs: getChars(param, DEVARGS, DEVARGS_MAX_LEN),
    result: view.getInt32(RESULT, true),
  };
}
