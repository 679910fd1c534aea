export {
  checkDevargs,
  DEVARGS_MAX_LEN,
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
  encodeDeviceRequest,
} from './device.js';
export { DEV_NAME_MAX_LEN } from './struct.js';
export { decodeVdev, encodeVdev, VDEV_ACTION, type VdevMessage, VdevType } from './vdev.js';
export * from './vfio.js';
