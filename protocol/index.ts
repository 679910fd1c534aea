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
