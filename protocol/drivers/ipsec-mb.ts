import { checkInteger, checkType, encodeFields, INT32_MAX, UINT16_MAX } from '../eal/params.js';
import { struct } from '../struct.js';
import { i32, u16, u32, u64 } from '../struct-types.js';

/**
 * The action by which a secondary has the primary set up or free a queue pair of a crypto device (`IPSEC_MB_MP_MSG`,
 * drivers/crypto/ipsec_mb/ipsec_mb_private.h, since 22.11): `crypto_aesni_mb` and similar ones.
 */
export const IPSEC_MB_ACTION = 'ipsec_mb_mp_msg';

/** `enum ipsec_mb_mp_req_type` (ipsec_mb_private.h): what a secondary asks for. */
export const IpsecMbType = {
  /** The type of C's answers. */
  NONE: 0,
  /** Set up a queue pair. */
  QP_SET: 1,
  /** Free a queue pair. */
  QP_FREE: 2,
} as const;

/** `struct ipsec_mb_mp_param` (ipsec_mb_private.h), the same in 22.11 to 26.07. */
const IpsecMbParam = struct(
  {
    type: i32,
    device: i32,
    queuePair: i32,
    socketId: i32,
    processId: u16,
    descriptors: u32,
    sessions: u64,
    result: i32,
  },
  { name: 'A message of ipsec_mb' },
);

/** A request to the primary, or its answer. In C's requests, fields that the type doesn't use have undefined values. */
export interface IpsecMbMessage {
  /** One of {@link IpsecMbType}; NONE in C's answers, in which all but the result is 0. */
  readonly type: number;
  /** Number of the crypto device. The result for an unknown one is 0. */
  readonly device: number;
  /** Number of the queue pair, which the primary doesn't check. */
  readonly queuePair: number;
  /** QP_SET: NUMA node of the queue pair's memory, -1 for any. */
  readonly socketId: number;
  /** The lowest 16 bits of the sender's pid. Only the process that set up a queue pair can free it. */
  readonly processId: number;
  /** QP_SET: how many operations the queue pair holds. */
  readonly descriptors: number;
  /** QP_SET: address of the `struct rte_mempool` for sessions; 0: none. */
  readonly sessions: bigint;
  /** In an answer 0 or a negative errno; 0 also where nothing was done. */
  readonly result: number;
}

/**
 * Encodes the param of a request or an answer; what is left out is 0. Throws `EINVAL` for a type that isn't one of
 * {@link IpsecMbType}, and for a number out of range. The primary crashes if the device isn't configured, or has no queue
 * pair of that number.
 *
 * @example
 * const processId = process.pid & 0xffff;
 * const param = encodeIpsecMb({ type: IpsecMbType.QP_SET, device: 0, queuePair: 1, processId, descriptors: 128 });
 */
export function encodeIpsecMb(message: Partial<IpsecMbMessage> & { type: number }): Uint8Array {
  const { type, device = 0, queuePair = 0 } = message;
  checkType(type, IpsecMbType, 'The type of a request to ipsec_mb');
  checkInteger(device, 0, INT32_MAX, 'The device');
  checkInteger(queuePair, 0, UINT16_MAX, 'The queue pair');
  return encodeFields(IpsecMbParam, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short. For a C primary's answer pass
 * `paramArea`, because C doesn't say how long the answer is (up to 26.07; it may fail to send it for that reason).
 *
 * @example
 * const { queuePair, descriptors } = decodeIpsecMb(msg.param); // of a request
 * const { result } = decodeIpsecMb(msg.paramArea); // of a C primary's answer
 */
export function decodeIpsecMb(param: Uint8Array): IpsecMbMessage {
  return IpsecMbParam.decode(param);
}
