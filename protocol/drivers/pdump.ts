import { getChars } from '../bytes.js';
import { type Changes, recordOf } from '../eal/releases.js';
import { DEV_NAME_MAX_LEN, putChars, viewOf } from '../eal/struct.js';
import { MpError } from '../errors.js';

/** Packet capture: asked of an application that called `rte_pdump_init` (`PDUMP_MP`, lib/pdump/rte_pdump.c). */
export const PDUMP_ACTION = 'mp_pdump';

/** `enum pdump_operation` (rte_pdump.c). */
export const PdumpOp = { DISABLE: 1, ENABLE: 2 } as const;
/** `RTE_PDUMP_FLAG_RX` and `_TX` (rte_pdump.h). */
export const PdumpFlags = { RX: 1, TX: 2 } as const;
/** `enum pdump_version` (rte_pdump.c): plain packets; pcapng, with filter and snaplen. */
export const PdumpVersion = { V1: 1, V2: 2 } as const;
/** `RTE_PDUMP_ALL_QUEUES` (rte_pdump.h). */
export const PDUMP_ALL_QUEUES = 0xffff;

/** `struct pdump_request` of one range of releases. Frozen. */
export interface PdumpFormat {
  /** Of the param; a primary refuses every other length. */
  readonly size: number;
  /** Whether a request says how many bytes of a packet are wanted. */
  readonly hasSnaplen: boolean;
}

const WITHOUT_SNAPLEN: PdumpFormat = Object.freeze({ size: 104, hasSnaplen: false });
const WITH_SNAPLEN: PdumpFormat = Object.freeze({ size: 112, hasSnaplen: true });
// since 21.11
const PDUMP_FORMATS: Changes<PdumpFormat> = [WITHOUT_SNAPLEN, [0x150b0000, WITH_SNAPLEN]];

// struct pdump_request
const VER = 0;
const OP = 2;
const FLAGS = 4;
const DEVICE = 8;
const QUEUE = 72;
const RING = 80;
const MEMPOOL = 88;
const FILTER = 96;
const SNAPLEN = 104;
// struct pdump_response
const RESPONSE_SIZE = 8;
const ERR_VALUE = 4;

/** What a capture is asked for with. Addresses are of the shared memory: 0 is none. */
export interface PdumpRequest {
  /** One of {@link PdumpVersion}. */
  readonly version: number;
  /** One of {@link PdumpOp}. */
  readonly op: number;
  /** {@link PdumpFlags}, or'ed. */
  readonly flags: number;
  /** The port's device, as 'net_null0'. */
  readonly device: string;
  /** Or {@link PDUMP_ALL_QUEUES}. */
  readonly queue: number;
  /** Address of the `struct rte_ring` that packets go to. */
  readonly ring: bigint;
  /** Address of the `struct rte_mempool` that copies come from. */
  readonly mempool: bigint;
  /** A `struct rte_bpf_prm`; up to 21.08 of no use. */
  readonly filter: bigint;
  /** Bytes of each packet; 0 where the release has none. */
  readonly snaplen: number;
}

/** The answer. */
export interface PdumpResponse {
  /** The request's. */
  readonly version: number;
  /** The request's. */
  readonly op: number;
  /** 0 or a negative errno. */
  readonly result: number;
}

/**
 * How a primary of this version (the version word of its `config`) wants its requests.
 *
 * @example
 * const format = pdumpFormatOf(0x160b0b63);
 */
export function pdumpFormatOf(versionWord: number): PdumpFormat {
  return recordOf(PDUMP_FORMATS, versionWord);
}

/**
 * The param of a request. Throws `EINVAL` or `E2BIG` for a device that doesn't fit, `EINVAL` for a snaplen where the
 * release has none. Addresses that are not those of a ring, mempool and filter in shared memory crash the primary.
 *
 * @example
 * const request = decodePdumpRequest(msg.param); // one to undo
 * const param = encodePdumpRequest(pdumpFormatOf(0x160b0b63), { ...request, op: PdumpOp.DISABLE });
 */
export function encodePdumpRequest(format: PdumpFormat, request: PdumpRequest): Uint8Array {
  const param = new Uint8Array(format.size);
  const view = new DataView(param.buffer);
  view.setUint16(VER, request.version, true);
  view.setUint16(OP, request.op, true);
  view.setUint32(FLAGS, request.flags, true);
  putChars(param, DEVICE, DEV_NAME_MAX_LEN, request.device, 'The device');
  view.setUint16(QUEUE, request.queue, true);
  view.setBigUint64(RING, request.ring, true);
  view.setBigUint64(MEMPOOL, request.mempool, true);
  view.setBigUint64(FILTER, request.filter, true);
  if (format.hasSnaplen) view.setUint32(SNAPLEN, request.snaplen, true);
  else if (request.snaplen !== 0) {
    throw new MpError('EINVAL', 'This release captures whole packets only: set snaplen to 0');
  }
  return param;
}

/**
 * Reads a request; its length tells the format. Throws `EBADMSG` for any other.
 *
 * @example
 * const { device, queue } = decodePdumpRequest(msg.param);
 */
export function decodePdumpRequest(param: Uint8Array): PdumpRequest {
  const hasSnaplen = param.length === WITH_SNAPLEN.size;
  if (!hasSnaplen && param.length !== WITHOUT_SNAPLEN.size) {
    const message = `A capture request of ${param.length} bytes is of no known release: answer it with IGN`;
    throw new MpError('EBADMSG', message);
  }
  const view = new DataView(param.buffer, param.byteOffset, param.byteLength);
  return {
    version: view.getUint16(VER, true),
    op: view.getUint16(OP, true),
    flags: view.getUint32(FLAGS, true),
    device: getChars(param, DEVICE, DEV_NAME_MAX_LEN),
    queue: view.getUint16(QUEUE, true),
    ring: view.getBigUint64(RING, true),
    mempool: view.getBigUint64(MEMPOOL, true),
    filter: view.getBigUint64(FILTER, true),
    snaplen: hasSnaplen ? view.getUint32(SNAPLEN, true) : 0,
  };
}

/**
 * The param of an answer.
 *
 * @example
 * const { version, op } = decodePdumpRequest(msg.param);
 * const param = encodePdumpResponse({ version, op, result: 0 });
 */
export function encodePdumpResponse({ version, op, result }: PdumpResponse): Uint8Array {
  const param = new Uint8Array(RESPONSE_SIZE);
  const view = new DataView(param.buffer);
  view.setUint16(VER, version, true);
  view.setUint16(OP, op, true);
  view.setInt32(ERR_VALUE, result, true);
  return param;
}

/** Reads an answer. Throws `EBADMSG` for one that is too short. */
export function decodePdumpResponse(param: Uint8Array): PdumpResponse {
  const view = viewOf(param, RESPONSE_SIZE, 'A capture response');
  return {
    version: view.getUint16(VER, true),
    op: view.getUint16(OP, true),
    result: view.getInt32(ERR_VALUE, true),
  };
}
