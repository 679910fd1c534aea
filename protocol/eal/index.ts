export * from '../drivers/afxdp.js';
export * from '../drivers/ena.js';
export * from '../drivers/fslmc.js';
export type { DriverFields, DriverMessage } from '../drivers/head.js';
export * from '../drivers/hns3.js';
export * from '../drivers/ipsec-mb.js';
export * from '../drivers/mana.js';
export * from '../drivers/memif.js';
export * from '../drivers/mlx4.js';
export * from '../drivers/mlx5.js';
export * from '../drivers/netvsc.js';
export * from '../drivers/pdump.js';
export * from '../drivers/sxe2.js';
export * from '../drivers/tap.js';
export * from '../drivers/testpmd.js';
export { checkDevargs, DEVARGS_MAX_LEN } from './devargs.js';
export {
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
  encodeDeviceRequest,
} from './device.js';
export { DEV_NAME_MAX_LEN } from './struct.js';
export { decodeVdev, encodeVdev, VDEV_ACTION, type VdevMessage, VdevType } from './vdev.js';
export * from './vfio.js';
