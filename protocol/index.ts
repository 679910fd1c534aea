export { DecodeError, type DecodeReason, decodeMessage, encodeMessage } from './codec.js';
export {
  DIALECTS,
  type Dialect,
  type DialectId,
  type DialectOffsets,
  dialectOf,
  versionOf,
} from './dialect.js';
export * from './eal/index.js';
export { MpError, type MpErrorDetails } from './errors.js';
export { MP_MAX_NAME_LEN, MP_MAX_PARAM_LEN } from './limits.js';
export * from './message.js';
export { MpType } from './message-type.js';
export {
  type DropReason,
  type RequestEffect,
  type RequestEvent,
  type RequestOutcome,
  type RequestReply,
  type RequestStart,
  RequestTable,
} from './request-table.js';
