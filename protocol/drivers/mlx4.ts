import { putUint64 } from '../eal/struct.js';
import { type DriverFields, type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/** The primary and the secondaries of a mlx4 port (`MLX4_MP_NAME`, drivers/net/mlx4/mlx4.h). */
export const MLX4_ACTION = 'net_mlx4_mp';

/** `enum mlx4_mp_req_type` (mlx4.h). */
export const Mlx4Type = {
  /** From a secondary: the answer brings the descriptor of the device. */
  VERBS_CMD_FD: 1,
  /** From a secondary: register memory. */
  CREATE_MR: 2,
  /** From a primary, with that descriptor: the port sends and receives again. */
  START_RXTX: 3,
  /** From a primary: it does neither any more. */
  STOP_RXTX: 4,
} as const;

// struct mlx4_mp_param (mlx4.h), the same in 19.11 to 26.07
const FORMAT: DriverFormat = { driver: 'mlx4', types: Mlx4Type, size: 24 };
const ADDR = 16;

/** A request, or the answer to one. */
export interface Mlx4Message extends DriverMessage {
  /** CREATE_MR: an address in the memory to register. Else 0. */
  readonly address: bigint;
}

/**
 * The param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link Mlx4Type}, and for a number that is
 * no whole one of its range. Who is asked for a port that he doesn't have gives no answer. Only STOP_RXTX was run
 * against a live driver: the others need the hardware.
 *
 * @example
 * const param = encodeMlx4({ type: Mlx4Type.STOP_RXTX, portId: 0 });
 */
export function encodeMlx4({ address = 0n, ...head }: DriverFields<Mlx4Message>): Uint8Array {
  const { param, view } = encodeHead(FORMAT, head);
  putUint64(view, ADDR, address, 'The address');
  return param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { type, portId } = decodeMlx4(msg.param);
 */
export function decodeMlx4(param: Uint8Array): Mlx4Message {
  const { head, view } = decodeHead(FORMAT, param);
  return { ...head, address: view.getBigUint64(ADDR, true) };
}
