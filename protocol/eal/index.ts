export * from './afxdp.js';
export { checkDevargs, DEVARGS_MAX_LEN } from './devargs.js';
export {
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
  encodeDeviceRequest,
} from './device.js';
export type { DriverFields, DriverMessage } from './driver.js';
export * from './ena.js';
export * from './fslmc.js';
export * from './hns3.js';
export * from './ipsec-mb.js';
export * from './mana.js';
export * from './memif.js';
export * from './mlx4.js';
export * from './mlx5.js';
export * from './netvsc.js';
export * from './pdump.js';
export { DEV_NAME_MAX_LEN } from './struct.js';
export * from './sxe2.js';
export * from './tap.js';
export * from './testpmd.js';
export { decodeVdev, encodeVdev, VDEV_ACTION, type VdevMessage, VdevType } from './vdev.js';
export * from './vfio.js';
