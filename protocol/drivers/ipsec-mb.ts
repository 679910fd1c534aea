import {
  checkInteger,
  checkType,
  INT32_MAX,
  INT32_MIN,
  putUint64,
  UINT16_MAX,
  UINT32_MAX,
  viewOf,
} from '../eal/struct.js';

/**
 * A secondary has the primary set up or free a queue pair of a crypto device (`IPSEC_MB_MP_MSG`,
 * drivers/crypto/ipsec_mb/ipsec_mb_private.h, since 22.11): `crypto_aesni_mb` and its like.
 */
export const IPSEC_MB_ACTION = 'ipsec_mb_mp_msg';

/** `enum ipsec_mb_mp_req_type` (ipsec_mb_private.h): a secondary asks. */
export const IpsecMbType = {
  /** In C's answers. */
  NONE: 0,
  /** Set up a queue pair. */
  QP_SET: 1,
  /** Free it. */
  QP_FREE: 2,
} as const;

// struct ipsec_mb_mp_param (ipsec_mb_private.h), the same in 22.11 to 26.07
const IPSEC_MB_MP_PARAM_SIZE = 40;
const TYPE = 0;
const DEV_ID = 4;
const QP_ID = 8;
const SOCKET_ID = 12;
const PROCESS_ID = 16;
const NB_DESCRIPTORS = 20;
const MP_SESSION = 24;
const RESULT = 32;

/** A request to the primary, or its answer. What doesn't belong to a request is, from C, what happened to be in memory. */
export interface IpsecMbMessage {
  /** One of {@link IpsecMbType}; NONE in C's answers, in which all but the result is 0. */
  readonly type: number;
  /** Number of the crypto device. For an unknown one the result is 0. */
  readonly device: number;
  /** Number of the queue pair, which the primary doesn't check. */
  readonly queuePair: number;
  /** QP_SET: NUMA node of its memory, -1 for any. */
  readonly socketId: number;
  /** The lowest 16 bits of the asker's pid. Only who set a queue pair can free it. */
  readonly processId: number;
  /** QP_SET: how many operations it holds. */
  readonly descriptors: number;
  /** QP_SET: address of the `struct rte_mempool` for sessions; 0: none. */
  readonly sessions: bigint;
  /** In an answer 0 or a negative errno; 0 also where nothing was done. */
  readonly result: number;
}

/**
 * The param of a request or an answer; whatever isn't given is 0. Throws `EINVAL` for a type that isn't one of
 * {@link IpsecMbType}, and for a number that is no whole one of its range. The primary crashes if the device isn't
 * configured, or has no queue pair of that number.
 *
 * @example
 * const processId = process.pid & 0xffff;
 * const param = encodeIpsecMb({ type: IpsecMbType.QP_SET, device: 0, queuePair: 1, processId, descriptors: 128 });
 */
export function encodeIpsecMb(message: Partial<IpsecMbMessage> & { type: number }): Uint8Array {
  const { device = 0, queuePair = 0, socketId = 0, processId = 0, descriptors = 0, result = 0 } = message;
  checkType(message.type, IpsecMbType, 'The type of a request to ipsec_mb');
  checkInteger(device, 0, INT32_MAX, 'The device');
  checkInteger(queuePair, 0, UINT16_MAX, 'The queue pair');
  checkInteger(socketId, INT32_MIN, INT32_MAX, 'The NUMA node');
  checkInteger(processId, 0, UINT16_MAX, "The process's id");
  checkInteger(descriptors, 0, UINT32_MAX, 'The number of descriptors');
  checkInteger(result, INT32_MIN, INT32_MAX, 'The result');
  const param = new Uint8Array(IPSEC_MB_MP_PARAM_SIZE);
  const view = new DataView(param.buffer);
  putUint64(view, MP_SESSION, message.sessions ?? 0n, 'The mempool of sessions');
  view.setInt32(TYPE, message.type, true);
  view.setInt32(DEV_ID, device, true);
  view.setInt32(QP_ID, queuePair, true);
  view.setInt32(SOCKET_ID, socketId, true);
  view.setUint16(PROCESS_ID, processId, true);
  view.setUint32(NB_DESCRIPTORS, descriptors, true);
  view.setInt32(RESULT, result, true);
  return param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short: of a C primary's answer give it `paramArea`, as
 * that doesn't say how long it is (up to 26.07, and may for that reason fail to be sent).
 *
 * @example
 * const { queuePair, descriptors } = decodeIpsecMb(msg.param); // of a request
 * const { result } = decodeIpsecMb(msg.paramArea); // of a C primary's answer
 */
export function decodeIpsecMb(param: Uint8Array): IpsecMbMessage {
  const view = viewOf(param, IPSEC_MB_MP_PARAM_SIZE, 'A message of ipsec_mb');
  return {
    type: view.getInt32(TYPE, true),
    device: view.getInt32(DEV_ID, true),
    queuePair: view.getInt32(QP_ID, true),
    socketId: view.getInt32(SOCKET_ID, true),
    processId: view.getUint16(PROCESS_ID, true),
    descriptors: view.getUint32(NB_DESCRIPTORS, true),
    sessions: view.getBigUint64(MP_SESSION, true),
    result: view.getInt32(RESULT, true),
  };
}
