import { checkInteger, putUint64, UINT16_MAX, UINT32_MAX } from '../eal/struct.js';
import { MpError } from '../errors.js';
import { type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/**
 * The primary and the secondaries of mlx5 devices (`MLX5_MP_NAME`, drivers/common/mlx5/mlx5_common_mp.h, since 21.11;
 * before, `net_mlx5_mp` had other numbers). Answer a secondary's request with a result: IGN ends a C process that asks.
 */
export const MLX5_ACTION = 'common_mlx5_mp';

/** `enum mlx5_mp_req_type` (mlx5_common_mp.h). */
export const Mlx5Type = {
  /** From a secondary: the answer brings the descriptor of the device. */
  VERBS_CMD_FD: 1,
  /** From a secondary: register memory. */
  CREATE_MR: 2,
  /** From a secondary: register a mempool. */
  MEMPOOL_REGISTER: 3,
  /** From a secondary: undo that. */
  MEMPOOL_UNREGISTER: 4,
  /** From a primary, with that descriptor: the port sends and receives again. */
  START_RXTX: 5,
  /** From a primary: it does neither any more. */
  STOP_RXTX: 6,
  /** From a secondary: bring a queue into another state. */
  QUEUE_STATE_MODIFY: 7,
  /** From a secondary: stop a queue to receive. */
  QUEUE_RX_STOP: 8,
  /** From a secondary: start it. */
  QUEUE_RX_START: 9,
  /** From a secondary: stop a queue to send. */
  QUEUE_TX_STOP: 10,
  /** From a secondary: start it. */
  QUEUE_TX_START: 11,
} as const;

// struct mlx5_mp_param (mlx5_common_mp.h), the same in 21.11 to 26.07
const FORMAT: DriverFormat = { driver: 'mlx5', types: Mlx5Type, size: 40 };
// struct mlx5_mp_arg_mr_manage, in its union
const CDEV = 16;
const ADDR = 24;
const IS_EXTMEM = 32;
// struct mlx5_mp_arg_queue_state_modify, in the same place
const IS_WQ = 16;
const STATE_QUEUE_ID = 18;
const STATE = 20;
// struct mlx5_mp_arg_queue_id, in the same place
const QUEUE_ID = 16;

/** What a request says beyond its head. */
export interface Mlx5Args {
  /** CREATE_MR, MEMPOOL_*: address of the primary's `struct mlx5_common_device`, which nobody checks. */
  readonly device: bigint;
  /** CREATE_MR: an address in the memory to register. MEMPOOL_*: the `struct rte_mempool`. */
  readonly address: bigint;
  /** MEMPOOL_*: whether its memory isn't DPDK's. */
  readonly isExternal: boolean;
  /** QUEUE_*: number of the queue. */
  readonly queue: number;
  /** QUEUE_STATE_MODIFY: a queue to receive, else one to send. */
  readonly isWorkQueue: boolean;
  /** QUEUE_STATE_MODIFY: an `enum ibv_wq_state`. */
  readonly state: number;
}

/** A request, or the answer to one. What its type doesn't have is 0 or false. */
export interface Mlx5Message extends DriverMessage, Mlx5Args {}

const NO_ARGS: Mlx5Args = {
  device: 0n,
  address: 0n,
  isExternal: false,
  queue: 0,
  isWorkQueue: false,
  state: 0,
};

const REGION = ['device', 'address'] as const;
const MEMPOOL = [...REGION, 'isExternal'] as const;
const STATE_MODIFY = ['queue', 'isWorkQueue', 'state'] as const;
const QUEUE = ['queue'] as const;
/** Which part of the union a type uses; those that aren't here use none. */
const ARGS: Readonly<Record<number, readonly (keyof Mlx5Args)[]>> = {
  [Mlx5Type.CREATE_MR]: REGION,
  [Mlx5Type.MEMPOOL_REGISTER]: MEMPOOL,
  [Mlx5Type.MEMPOOL_UNREGISTER]: MEMPOOL,
  [Mlx5Type.QUEUE_STATE_MODIFY]: STATE_MODIFY,
  [Mlx5Type.QUEUE_RX_STOP]: QUEUE,
  [Mlx5Type.QUEUE_RX_START]: QUEUE,
  [Mlx5Type.QUEUE_TX_STOP]: QUEUE,
  [Mlx5Type.QUEUE_TX_START]: QUEUE,
};

/**
 * The param of a request or an answer; CREATE_MR and MEMPOOL_* are of no port: 0. Throws `EINVAL` for a type that isn't one of {@link Mlx5Type}, for what its type
 * doesn't have, and for a number that is no whole one of its range. Addresses that aren't those of the primary crash it;
 * who is asked for a port that he doesn't have gives no answer. What a primary asks for, and queues' start and stop, was not
 * run against a live driver: it needs the hardware.
 *
 * @example
 * const param = encodeMlx5({ type: Mlx5Type.QUEUE_RX_STOP, portId: 0, queue: 1 });
 */
export function encodeMlx5(message: Partial<Mlx5Message> & { type: number }): Uint8Array {
  const { param, view } = encodeHead(FORMAT, { portId: 0, ...message });
  const args: Mlx5Args = { ...NO_ARGS, ...message };
  const has = ARGS[message.type] ?? [];
  for (const [name, none] of Object.entries(NO_ARGS) as [keyof Mlx5Args, unknown][]) {
    if (has.includes(name) || args[name] === none) continue;
    throw new MpError('EINVAL', `A message of mlx5 of type ${message.type} has no ${name}: leave it out`);
  }
  if (has.includes('device')) encodeRegion(view, args);
  if (has.includes('queue')) encodeQueue(view, args, has === STATE_MODIFY);
  return param;
}

function encodeRegion(view: DataView, { device, address, isExternal }: Mlx5Args): void {
  putUint64(view, CDEV, device, 'The device');
  putUint64(view, ADDR, address, 'The address');
  view.setUint8(IS_EXTMEM, isExternal ? 1 : 0);
}

function encodeQueue(view: DataView, { queue, isWorkQueue, state }: Mlx5Args, hasState: boolean): void {
  checkInteger(queue, 0, UINT16_MAX, 'The queue');
  checkInteger(state, 0, UINT32_MAX, 'The state');
  view.setUint16(hasState ? STATE_QUEUE_ID : QUEUE_ID, queue, true);
  if (!hasState) return;
  view.setUint8(IS_WQ, isWorkQueue ? 1 : 0);
  view.setUint32(STATE, state, true);
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { type, portId, queue } = decodeMlx5(msg.param);
 */
export function decodeMlx5(param: Uint8Array): Mlx5Message {
  const { head, view } = decodeHead(FORMAT, param);
  return { ...head, ...NO_ARGS, ...decodeArgs(view, ARGS[head.type]) };
}

function decodeArgs(view: DataView, has: readonly (keyof Mlx5Args)[] | undefined): Partial<Mlx5Args> {
  if (has === QUEUE) return { queue: view.getUint16(QUEUE_ID, true) };
  if (has === STATE_MODIFY) {
    return {
      queue: view.getUint16(STATE_QUEUE_ID, true),
      isWorkQueue: view.getUint8(IS_WQ) !== 0,
      state: view.getUint32(STATE, true),
    };
  }
  if (has === undefined) return {};
  const region = { device: view.getBigUint64(CDEV, true), address: view.getBigUint64(ADDR, true) };
  return has === MEMPOOL ? { ...region, isExternal: view.getUint8(IS_EXTMEM) !== 0 } : region;
}
