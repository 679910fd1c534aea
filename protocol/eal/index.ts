export { checkDevargs, DEVARGS_MAX_LEN } from './devargs.js';
export {
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
  encodeDeviceRequest,
} from './device.js';
export * from './memif.js';
export * from './pdump.js';
export { DEV_NAME_MAX_LEN } from './struct.js';
export * from './tap.js';
export { decodeVdev, encodeVdev, VDEV_ACTION, type VdevMessage, VdevType } from './vdev.js';
export * from './vfio.js';
