// Devices that come and go: hotplug requests, and the list of virtual devices.
import { invalid, MpError } from '../errors.js';
import { struct } from '../struct.js';
import { char, i32, u32 } from '../struct-types.js';
import { checkChars, DEV_NAME_MAX_LEN, encodeFields } from './params.js';

/**
 * The action of hotplug (`EAL_DEV_MP_ACTION_REQUEST`, hotplug_mp.h): a secondary asks the primary, and the primary asks
 * every secondary.
 */
export const DEVICE_ACTION = 'eal_dev_mp_request';

/** `enum eal_dev_req_type` (hotplug_mp.h). A rollback undoes what other processes did before one failed. */
export const DeviceRequestType = { ATTACH: 0, DETACH: 1, ATTACH_ROLLBACK: 2, DETACH_ROLLBACK: 3 } as const;
export type DeviceRequestType = (typeof DeviceRequestType)[keyof typeof DeviceRequestType];

/** Size of the devargs in a hotplug request, NUL included: `EAL_DEV_MP_DEV_ARGS_MAX_LEN` of hotplug_mp.h. */
export const DEVARGS_MAX_LEN = 128;

/** `struct eal_dev_mp_req` (hotplug_mp.h), the same in 18.11 to 26.07. */
const DeviceParam = struct(
  { type: u32, devargs: char(DEVARGS_MAX_LEN), result: i32 },
  { name: 'A hotplug request' },
);

/** A hotplug request, or the answer to one. */
export interface DeviceRequest {
  /** One of {@link DeviceRequestType}. An answer has a rollback here if something was undone. */
  readonly type: number;
  /** `bus:name,arguments`, at most 127 bytes. */
  readonly devargs: string;
  /** In an answer 0 or a negative errno. */
  readonly result: number;
}

/**
 * Encodes the param of a hotplug request; `result` is 0 if it is left out. Throws `EINVAL` or `E2BIG` for devargs that
 * don't fit; `checkDevargs` checks what they say.
 *
 * @example
 * const param = encodeDeviceRequest({ type: DeviceRequestType.ATTACH, devargs: 'vdev:net_null0' });
 */
export function encodeDeviceRequest(
  request: Omit<DeviceRequest, 'result'> & { result?: number },
): Uint8Array {
  checkChars(request.devargs, DEVARGS_MAX_LEN, 'The device');
  return encodeFields(DeviceParam, request);
}

/**
 * Decodes a hotplug request or answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { result } = decodeDeviceRequest(msg.param); // of an answer
 */
export function decodeDeviceRequest(param: Uint8Array): DeviceRequest {
  return DeviceParam.decode(param);
}

/** A bus, a class and a driver: `rte_devargs_layers_parse` (eal_common_devargs.c) has room for three layers. */
const MAX_LAYERS = 3;
/** Where C begins another layer. */
const LAYER_START = /\/(?=(?:bus|class|driver)=)/;
/** The bus in front of a name; the domain of a PCI address isn't one. */
const BUS_PREFIX = /^[a-z_]+:/i;

/**
 * Checks the description of a device, `bus:name,arguments` or `bus=name,.../class=...`, as far as that can be done without
 * the primary's drivers. Throws `EINVAL` or `E2BIG` for text that C would cut (at 127 bytes, and at 63 for the name), and
 * for text that ends the process that parses it: a `class` or `bus` without the name of a bus (SIGSEGV in 22.11, 24.11 and
 * 25.11), and more than three layers (up to 22.11 C writes past the end of an array).
 *
 * @example
 * checkDevargs('vdev:net_null1,size=64');
 */
export function checkDevargs(devargs: string): void {
  checkChars(devargs, DEVARGS_MAX_LEN, 'The device');
  const layers = devargs.split(LAYER_START);
  if (layers.length > MAX_LAYERS) {
    throw invalid(`'${devargs}' has ${layers.length} layers: name one bus, class and driver`);
  }
  if (layers.some(isAboutBusOrClass)) {
    if (!layers.some((layer) => /^bus=[^,]/.test(layer))) {
      throw invalid(
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

/** The action by which a primary tells a secondary its virtual devices (`VDEV_MP_KEY`, drivers/bus/vdev/vdev.c). */
export const VDEV_ACTION = 'bus_vdev_mp';

/**
 * What a message about virtual devices says. A primary answers SCAN_REQ with a message SCAN_ONE to all secondaries for
 * each device, then with the reply SCAN_REP. Never send SCAN_ONE to a primary: it makes a device of that name.
 */
export const VdevType = { SCAN_REQ: 1, SCAN_ONE: 2, SCAN_REP: 3 } as const;

/** `struct vdev_param` (drivers/bus/vdev/vdev.c), the same in 18.05 to 26.07. */
const VdevParam = struct(
  { type: i32, num: i32, name: char(DEV_NAME_MAX_LEN) },
  { name: 'A message about virtual devices' },
);

/** A message about virtual devices. */
export interface VdevMessage {
  /** One of {@link VdevType}. */
  readonly type: number;
  /** SCAN_REP: how many devices there are. */
  readonly num: number;
  /** SCAN_ONE: the device. In the others C leaves what was in memory. */
  readonly name: string;
}

/**
 * Encodes the param of a message about virtual devices; `num` is 0 and `name` empty if they are left out. Throws `EINVAL`
 * or `E2BIG` for a name that is empty or has 64 bytes or more.
 *
 * @example
 * const param = encodeVdev({ type: VdevType.SCAN_REQ });
 */
export function encodeVdev(message: Partial<VdevMessage> & { type: number }): Uint8Array {
  if (message.name !== undefined) checkChars(message.name, DEV_NAME_MAX_LEN, "The device's name");
  return encodeFields(VdevParam, message);
}

/**
 * Decodes a message about virtual devices. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * channel.registerAction(VDEV_ACTION, ({ param }) => console.log(decodeVdev(param).name));
 */
export function decodeVdev(param: Uint8Array): VdevMessage {
  return VdevParam.decode(param);
}
