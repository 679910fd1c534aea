import { getChars } from '../bytes.js';
import { MpError } from '../errors.js';
import { checkChars, DEV_NAME_MAX_LEN, putChars, viewOf } from './struct.js';

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

/** Size of the devargs in a hotplug request, NUL included: `EAL_DEV_MP_DEV_ARGS_MAX_LEN` of hotplug_mp.h. */
export const DEVARGS_MAX_LEN = 128;

/** A bus, a class, a driver: as many layers as `rte_devargs_layers_parse` (eal_common_devargs.c) has room for. */
const MAX_LAYERS = 3;
/** Where it begins another layer. */
const LAYER_START = /\/(?=(?:bus|class|driver)=)/;
/** The bus in front of a name; what a PCI address begins with isn't one. */
const BUS_PREFIX = /^[a-z_]+:/i;

/**
 * Checks the description of a device, `bus:name,arguments` or `bus=name,.../class=...`, as far as that can be done without
 * the primary's drivers. `EINVAL` or `E2BIG` for what C would cut (127 bytes, 63 of them for the name), and for what ends
 * the process that parses it: a `class` or `bus` without the name of a bus (SIGSEGV in 22.11, 24.11 and 25.11), and more
 * than three layers (written behind an array up to 22.11).
 *
 * @example
 * checkDevargs('vdev:net_null1,size=64');
 */
export function checkDevargs(devargs: string): void {
  checkChars(devargs, DEVARGS_MAX_LEN, 'The device');
  const layers = devargs.split(LAYER_START);
  if (layers.length > MAX_LAYERS) {
    throw new MpError('EINVAL', `'${devargs}' has ${layers.length} layers: name one bus, class and driver`);
  }
  if (layers.some(isAboutBusOrClass)) {
    if (!layers.some((layer) => /^bus=[^,]/.test(layer))) {
      throw new MpError(
        'EINVAL',
        `'${devargs}' names no bus, which would crash the primary: begin with bus=, as in 'bus=vdev,name=net_null0'`,
      );
    }
    return;
  }
  const [name = ''] = devargs.replace(BUS_PREFIX, '').split(',', 1);
  if (name.length >= DEV_NAME_MAX_LEN) {
    throw new MpError(
      'E2BIG',
      `The device's name '${name.slice(0, 32)}...' is too long: give at most ${DEV_NAME_MAX_LEN - 1} bytes`,
    );
  }
}

function isAboutBusOrClass(layer: string): boolean {
  return /^(?:bus|class)(?:[=,]|$)/.test(layer);
}
