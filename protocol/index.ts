export { DecodeError, type DecodeReason, decodeMessage, encodeMessage } from './codec.js';
export {
  DIALECTS,
  type Dialect,
  type DialectId,
  type DialectOffsets,
  dialectOf,
  versionOf,
} from './dialect.js';
export {
  checkDevargs,
  DEVARGS_MAX_LEN,
  DEVICE_ACTION,
  type DeviceRequest,
  DeviceRequestType,
  decodeDeviceRequest,
  decodeVdev,
  encodeDeviceRequest,
  encodeVdev,
  VDEV_ACTION,
  type VdevMessage,
  VdevType,
} from './eal/device.js';
export { DEV_NAME_MAX_LEN } from './eal/params.js';
export {
  decodeVfio,
  encodeVfio,
  VFIO_ACTION,
  type VfioMessage,
  type VfioRequests,
  VfioResult,
  vfioRequestsOf,
} from './eal/vfio.js';
export { MpError, type MpErrorDetails } from './errors.js';
export * from './message.js';
export { MP_MAX_NAME_LEN, MP_MAX_PARAM_LEN, MpType } from './message.js';
export {
  type ReplyDropReason,
  type RequestEffect,
  type RequestEvent,
  type RequestOutcome,
  type RequestReply,
  type RequestStart,
  RequestTable,
} from './request-table.js';
export {
  type ArrayView,
  array,
  type Layout,
  type StructFields,
  type StructLayout,
  type StructOptions,
  struct,
  type UnionLayout,
  union,
} from './struct.js';
export {
  bool,
  bytes,
  char,
  enumOf,
  f32,
  f64,
  type InitOf,
  i8,
  i16,
  i32,
  i64,
  type StructMemory,
  type StructRefusal,
  type StructType,
  u8,
  u16,
  u32,
  u64,
  type ValueOf,
  type ViewOf,
} from './struct-types.js';
