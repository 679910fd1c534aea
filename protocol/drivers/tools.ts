// Messages of DPDK's tools: dpdk-pdump's (and dpdk-dumpcap's) packet capture, and the end of testpmd.
import {
  type Changes,
  checkChars,
  checkType,
  DEV_NAME_MAX_LEN,
  encodeFields,
  recordOf,
} from '../eal/params.js';
import { invalid, MpError } from '../errors.js';
import { struct } from '../struct.js';
import { char, i32, u16, u32, u64 } from '../struct-types.js';

/** The action of packet capture, which an application has that called `rte_pdump_init` (`PDUMP_MP`, lib/pdump/rte_pdump.c). */
export const PDUMP_ACTION = 'mp_pdump';

/** `enum pdump_operation` (rte_pdump.c). */
export const PdumpOp = { DISABLE: 1, ENABLE: 2 } as const;
/** `RTE_PDUMP_FLAG_RX` and `_TX` (rte_pdump.h). */
export const PdumpFlags = { RX: 1, TX: 2 } as const;
/** `enum pdump_version` (rte_pdump.c): V1 for plain packets, V2 for pcapng with filter and snaplen. */
export const PdumpVersion = { V1: 1, V2: 2 } as const;
/** `RTE_PDUMP_ALL_QUEUES` (rte_pdump.h). */
export const PDUMP_ALL_QUEUES = 0xffff;

/** `struct pdump_request` of one range of releases. Frozen. */
export interface PdumpFormat {
  /** Size of the param in bytes; a primary refuses every other length. */
  readonly size: number;
  /** Whether a request says how many bytes of a packet are wanted. */
  readonly hasSnaplen: boolean;
}

const PDUMP_REQUEST = {
  version: u16,
  op: u16,
  flags: u32,
  device: char(DEV_NAME_MAX_LEN),
  queue: u16,
  ring: u64,
  mempool: u64,
  filter: u64,
};
/** `struct pdump_request` (rte_pdump.c) up to 21.08. */
const OldPdumpParam = struct(PDUMP_REQUEST, { name: 'A capture request' });
/** `struct pdump_request` since 21.11. */
const PdumpParam = struct({ ...PDUMP_REQUEST, snaplen: u32 }, { name: 'A capture request' });
/** `struct pdump_response` (rte_pdump.c). */
const PdumpResponseParam = struct({ version: u16, op: u16, result: i32 }, { name: 'A capture response' });

const PDUMP_FORMATS: Changes<PdumpFormat> = [
  Object.freeze({ size: OldPdumpParam.size, hasSnaplen: false }),
  [0x150b0000, Object.freeze({ size: PdumpParam.size, hasSnaplen: true })],
];

/** What a request for a capture says. Addresses are in the shared memory; 0 is none. */
export interface PdumpRequest {
  /** One of {@link PdumpVersion}. */
  readonly version: number;
  /** One of {@link PdumpOp}. */
  readonly op: number;
  /** {@link PdumpFlags}, or'ed. */
  readonly flags: number;
  /** The port's device, such as 'net_null0'. */
  readonly device: string;
  /** Number of the queue, or {@link PDUMP_ALL_QUEUES}. */
  readonly queue: number;
  /** Address of the `struct rte_ring` that packets go to. */
  readonly ring: bigint;
  /** Address of the `struct rte_mempool` that copies come from. */
  readonly mempool: bigint;
  /** Address of a `struct rte_bpf_prm`; releases up to 21.08 don't use it. */
  readonly filter: bigint;
  /** How many bytes of each packet are wanted; 0 where the release has no such field. */
  readonly snaplen: number;
}

/** The answer to a request for a capture. */
export interface PdumpResponse {
  /** Same as in the request. */
  readonly version: number;
  /** Same as in the request. */
  readonly op: number;
  /** 0 or a negative errno. */
  readonly result: number;
}

/**
 * Returns the format in which a primary of this version (the version word of its `config`) takes requests.
 *
 * @example
 * const format = pdumpFormatOf(0x160b0b63);
 */
export function pdumpFormatOf(versionWord: number): PdumpFormat {
  return recordOf(PDUMP_FORMATS, versionWord);
}

/**
 * Encodes the param of a request. Throws `EINVAL` or `E2BIG` for a device that is empty or doesn't fit, `EINVAL` for a
 * number out of range and for a snaplen where the release has none. Addresses that are not those of a ring, mempool and
 * filter in shared memory crash the primary.
 *
 * @example
 * const request = decodePdumpRequest(msg.param); // one to undo
 * const param = encodePdumpRequest(pdumpFormatOf(0x160b0b63), { ...request, op: PdumpOp.DISABLE });
 */
export function encodePdumpRequest(format: PdumpFormat, request: PdumpRequest): Uint8Array {
  checkChars(request.device, DEV_NAME_MAX_LEN, 'The device');
  if (!format.hasSnaplen && request.snaplen !== 0) {
    throw invalid('This release captures whole packets only: set snaplen to 0');
  }
  return encodeFields<Partial<PdumpRequest>>(format.hasSnaplen ? PdumpParam : OldPdumpParam, request);
}

/**
 * Decodes a request, whose length tells the format. Throws `EBADMSG` for a param of any other length.
 *
 * @example
 * const { device, queue } = decodePdumpRequest(msg.param);
 */
export function decodePdumpRequest(param: Uint8Array): PdumpRequest {
  if (param.length === PdumpParam.size) return PdumpParam.decode(param);
  if (param.length === OldPdumpParam.size) return { ...OldPdumpParam.decode(param), snaplen: 0 };
  throw new MpError(
    'EBADMSG',
    `No known release sends a capture request of ${param.length} bytes: answer it with IGN`,
  );
}

/**
 * Encodes the param of an answer. Throws `EINVAL` for a number out of range.
 *
 * @example
 * const { version, op } = decodePdumpRequest(msg.param);
 * const param = encodePdumpResponse({ version, op, result: 0 });
 */
export function encodePdumpResponse(response: PdumpResponse): Uint8Array {
  return encodeFields(PdumpResponseParam, response);
}

/** Decodes an answer. Throws `EBADMSG` for a param that is too short. */
export function decodePdumpResponse(param: Uint8Array): PdumpResponse {
  return PdumpResponseParam.decode(param);
}

/**
 * The action by which a testpmd that is a primary tells its secondaries to end when it does (`TESTPMD_MP`,
 * app/test-pmd/testpmd.c, since 25.11, 25.11.1, 24.11.4, 23.11.6 and 22.11.11). It waits up to 5 s for each.
 */
export const TESTPMD_ACTION = 'mp_testpmd';

/** `enum testpmd_req_type` (testpmd.c): what the primary asks for. A secondary answers once its forwarding has ended. */
export const TestpmdType = {
  /** End. */
  EXIT: 0,
} as const;

/** `struct testpmd_mp_req` (testpmd.c), the same in 25.11 to 26.07 and the older releases. */
const TestpmdParam = struct({ type: u32 }, { name: 'A request of testpmd' });
/** `struct testpmd_mp_resp` (testpmd.c), the same in these releases. */
const TestpmdResponseParam = struct({ result: i32 }, { name: 'An answer of testpmd' });

/** What a testpmd that is a primary asks for. */
export interface TestpmdRequest {
  /** One of {@link TestpmdType}. */
  readonly type: number;
}

/** The answer to a testpmd. */
export interface TestpmdResponse {
  /** 0, or a negative errno: -EINVAL for an unknown request. */
  readonly result: number;
}

/**
 * Encodes the param of a request. Throws `EINVAL` for a type that isn't one of {@link TestpmdType}.
 *
 * @example
 * const param = encodeTestpmdRequest({ type: TestpmdType.EXIT });
 */
export function encodeTestpmdRequest({ type }: TestpmdRequest): Uint8Array {
  checkType(type, TestpmdType, 'The type of a request to testpmd');
  return TestpmdParam.encode({ type });
}

/**
 * Decodes a request. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * channel.registerAction(TESTPMD_ACTION, ({ param }) => {
 *   if (decodeTestpmdRequest(param).type === TestpmdType.EXIT) setImmediate(() => channel.close());
 *   return { param: encodeTestpmdResponse({ result: 0 }) };
 * });
 */
export function decodeTestpmdRequest(param: Uint8Array): TestpmdRequest {
  return TestpmdParam.decode(param);
}

/** Encodes the param of an answer. Throws `EINVAL` for a result that is no whole number of 32 bits. */
export function encodeTestpmdResponse({ result }: TestpmdResponse): Uint8Array {
  return TestpmdResponseParam.encode({ result });
}

/** Decodes an answer. Throws `EBADMSG` for a param that is too short. */
export function decodeTestpmdResponse(param: Uint8Array): TestpmdResponse {
  return TestpmdResponseParam.decode(param);
}
