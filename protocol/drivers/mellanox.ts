// Messages of NVIDIA's (Mellanox's) drivers mlx4 and mlx5.
import { invalid } from '../errors.js';
import { struct, union } from '../struct.js';
import { bool, u16, u32, u64 } from '../struct-types.js';
import { type DriverFields, type DriverMessage, encodeDriver, HEAD } from './head.js';

/** The action of the primary and the secondaries of a mlx4 port (`MLX4_MP_NAME`, drivers/net/mlx4/mlx4.h). */
export const MLX4_ACTION = 'net_mlx4_mp';

/** `enum mlx4_mp_req_type` (mlx4.h). */
export const Mlx4Type = {
  /** From a secondary: the answer brings the descriptor of the device. */
  VERBS_CMD_FD: 1,
  /** From a secondary: register memory. */
  CREATE_MR: 2,
  /** From a primary, with that descriptor: the port sends and receives again. */
  START_RXTX: 3,
  /** From a primary: the port neither sends nor receives any more. */
  STOP_RXTX: 4,
} as const;

// struct mlx4_mp_param (mlx4.h), the same in 19.11 to 26.07
const Mlx4Param = struct({ ...HEAD, address: u64 }, { name: 'A message of mlx4' });

/** A request, or the answer to one. */
export interface Mlx4Message extends DriverMessage {
  /** CREATE_MR: an address in the memory to register. Else 0. */
  readonly address: bigint;
}

/**
 * Encodes the param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link Mlx4Type}, and for a
 * number out of range. A process gives no answer for a port that it doesn't have. Only STOP_RXTX was run against a live
 * driver: the others need the hardware.
 *
 * @example
 * const param = encodeMlx4({ type: Mlx4Type.STOP_RXTX, portId: 0 });
 */
export function encodeMlx4(message: DriverFields<Mlx4Message>): Uint8Array {
  return encodeDriver('mlx4', Mlx4Type, Mlx4Param, message);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { type, portId } = decodeMlx4(msg.param);
 */
export function decodeMlx4(param: Uint8Array): Mlx4Message {
  return Mlx4Param.decode(param);
}

/**
 * The action of the primary and the secondaries of mlx5 devices (`MLX5_MP_NAME`, drivers/common/mlx5/mlx5_common_mp.h,
 * since 21.11; before, `net_mlx5_mp` had other numbers). Answer a secondary's request with a result: IGN crashes a C
 * process that asks.
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
  /** From a secondary: unregister a mempool. */
  MEMPOOL_UNREGISTER: 4,
  /** From a primary, with that descriptor: the port sends and receives again. */
  START_RXTX: 5,
  /** From a primary: the port neither sends nor receives any more. */
  STOP_RXTX: 6,
  /** From a secondary: bring a queue into another state. */
  QUEUE_STATE_MODIFY: 7,
  /** From a secondary: stop a receive queue. */
  QUEUE_RX_STOP: 8,
  /** From a secondary: start a receive queue. */
  QUEUE_RX_START: 9,
  /** From a secondary: stop a transmit queue. */
  QUEUE_TX_STOP: 10,
  /** From a secondary: start a transmit queue. */
  QUEUE_TX_START: 11,
} as const;

// struct mlx5_mp_param (mlx5_common_mp.h), the same in 21.11 to 26.07
const Mlx5Param = struct(
  {
    ...HEAD,
    args: union({
      // struct mlx5_mp_arg_mr_manage
      region: struct({ device: u64, address: u64, isExternal: bool }),
      // struct mlx5_mp_arg_queue_state_modify
      state: struct({ isWorkQueue: bool, queue: u16, state: u32 }),
      // struct mlx5_mp_arg_queue_id
      queue: struct({ queue: u16 }),
    }),
  },
  { name: 'A message of mlx5' },
);

/** What a request says beyond its head. */
export interface Mlx5Args {
  /** CREATE_MR, MEMPOOL_*: address of the primary's `struct mlx5_common_device`, which C doesn't check. */
  readonly device: bigint;
  /** CREATE_MR: an address in the memory to register. MEMPOOL_*: address of the `struct rte_mempool`. */
  readonly address: bigint;
  /** MEMPOOL_*: whether the mempool's memory isn't DPDK's. */
  readonly isExternal: boolean;
  /** QUEUE_*: number of the queue. */
  readonly queue: number;
  /** QUEUE_STATE_MODIFY: true for a receive queue, false for a transmit queue. */
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

/** The member of the union that a type of message uses, and which fields of it. */
type Mlx5Part = readonly [member: 'region' | 'state' | 'queue' | undefined, ...fields: (keyof Mlx5Args)[]];

const NOTHING: Mlx5Part = [undefined];
const MEMPOOL: Mlx5Part = ['region', 'device', 'address', 'isExternal'];
const PARTS = new Map<number, Mlx5Part>([
  [Mlx5Type.CREATE_MR, ['region', 'device', 'address']],
  [Mlx5Type.MEMPOOL_REGISTER, MEMPOOL],
  [Mlx5Type.MEMPOOL_UNREGISTER, MEMPOOL],
  [Mlx5Type.QUEUE_STATE_MODIFY, ['state', 'isWorkQueue', 'queue', 'state']],
  [Mlx5Type.QUEUE_RX_STOP, ['queue', 'queue']],
  [Mlx5Type.QUEUE_RX_START, ['queue', 'queue']],
  [Mlx5Type.QUEUE_TX_STOP, ['queue', 'queue']],
  [Mlx5Type.QUEUE_TX_START, ['queue', 'queue']],
]);

/**
 * Encodes the param of a request or an answer; CREATE_MR and MEMPOOL_* have no port: leave it out. Throws `EINVAL` for a
 * type that isn't one of {@link Mlx5Type}, for a field that its type doesn't have, and for a number out of range. Addresses
 * that aren't those of the primary crash it; a process gives no answer for a port that it doesn't have. What a primary asks
 * for, and the start and stop of queues, were not run against a live driver: they need the hardware.
 *
 * @example
 * const param = encodeMlx5({ type: Mlx5Type.QUEUE_RX_STOP, portId: 0, queue: 1 });
 */
export function encodeMlx5(message: Partial<Mlx5Message> & { type: number }): Uint8Array {
  const { type, portId = 0, result = 0 } = message;
  const [member, ...names] = PARTS.get(type) ?? NOTHING;
  for (const [name, none] of Object.entries(NO_ARGS) as [keyof Mlx5Args, unknown][]) {
    if (names.includes(name) || (message[name] ?? none) === none) continue;
    throw invalid(`A message of mlx5 of type ${type} has no ${name}: leave it out`);
  }
  const args = member && ({ [member]: pick(message, names) } as { region: object });
  return encodeDriver('mlx5', Mlx5Type, Mlx5Param, { type, portId, result, args });
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { type, portId, queue } = decodeMlx5(msg.param);
 */
export function decodeMlx5(param: Uint8Array): Mlx5Message {
  const { args, ...head } = Mlx5Param.decode(param);
  const [member, ...names] = PARTS.get(head.type) ?? NOTHING;
  return { ...head, ...NO_ARGS, ...(member && pick<Partial<Mlx5Args>>(args[member], names)) };
}

function pick<T extends object>(from: T, names: readonly (keyof T)[]): Partial<T> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Partial<T>;
}
