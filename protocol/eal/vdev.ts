import { getChars } from '../bytes.js';
import { DEV_NAME_MAX_LEN, putChars, viewOf } from './struct.js';

/** Virtual devices: the primary tells a secondary which it has (`VDEV_MP_KEY`, drivers/bus/vdev/vdev.c). */
export const VDEV_ACTION = 'bus_vdev_mp';

/**
 * What a message about virtual devices says. A SCAN_REQ gets, to every secondary, a message SCAN_ONE for each device, then
 * the reply SCAN_REP. Never send SCAN_ONE to a primary: it takes the name for a device.
 */
export const VdevType = { SCAN_REQ: 1, SCAN_ONE: 2, SCAN_REP: 3 } as const;

// struct vdev_param (drivers/bus/vdev/vdev.c), the same in 18.05 to 26.07
const VDEV_PARAM_SIZE = 72;
const TYPE = 0;
const NUM = 4;
const NAME = 8;

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
 * The param of such a message; `num` is 0 and `name` empty unless given. Throws `EINVAL` or `E2BIG` for a name of 64 bytes
 * or more.
 *
 * @example
 * const param = encodeVdev({ type: VdevType.SCAN_REQ });
 */
export function encodeVdev({ type, num = 0, name }: Partial<VdevMessage> & { type: number }): Uint8Array {
  const param = new Uint8Array(VDEV_PARAM_SIZE);
  const view = new DataView(param.buffer);
  view.setInt32(TYPE, type, true);
  view.setInt32(NUM, num, true);
  if (name !== undefined) putChars(param, NAME, DEV_NAME_MAX_LEN, name, "The device's name");
  return param;
}

/**
 * Reads such a message. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * channel.registerAction(VDEV_ACTION, ({ param }) => console.log(decodeVdev(param).name));
 */
export function decodeVdev(param: Uint8Array): VdevMessage {
  const view = viewOf(param, VDEV_PARAM_SIZE, 'A message about virtual devices');
  return {
    type: view.getInt32(TYPE, true),
    num: view.getInt32(NUM, true),
    name: getChars(param, NAME, DEV_NAME_MAX_LEN),
  };
}
