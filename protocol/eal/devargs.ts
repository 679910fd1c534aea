import { MpError } from '../errors.js';
import { checkChars, DEV_NAME_MAX_LEN } from './struct.js';

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
