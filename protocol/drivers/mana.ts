import { checkInteger, putUint64, UINT32_MAX } from '../eal/struct.js';
import { type DriverFields, type DriverFormat, type DriverMessage, decodeHead, encodeHead } from './head.js';

/** The primary and the secondaries of a mana port (`MANA_MP_NAME`, drivers/net/mana/mana.h, since 22.11). */
export const MANA_ACTION = 'net_mana_mp';

/** `enum mana_mp_req_type` (mana.h). */
export const ManaType = {
  /** From a secondary: the answer brings the descriptor of the device. */
  VERBS_CMD_FD: 1,
  /** From a secondary: register memory. */
  CREATE_MR: 2,
  /** From a primary: the port sends and receives again. */
  START_RXTX: 3,
  /** From a primary: it does neither any more. */
  STOP_RXTX: 4,
  /** From a primary: the device is reset; since 26.07. */
  RESET_ENTER: 5,
  /** From a primary, with the new descriptor: it has been reset; since 26.07. */
  RESET_EXIT: 6,
} as const;

// struct mana_mp_param (mana.h), the same in 22.11 to 26.07
const FORMAT: DriverFormat = { driver: 'mana', types: ManaType, size: 32 };
const ADDR = 16;
const LEN = 24;

/** A request, or the answer to one. */
export interface ManaMessage extends DriverMessage {
  /** CREATE_MR: of the memory to register. Else 0. */
  readonly address: bigint;
  /** CREATE_MR: its bytes. Else 0. */
  readonly length: number;
}

/**
 * The param of a request or an answer. Throws `EINVAL` for a type that isn't one of {@link ManaType}, and for a number that is
 * no whole one of its range. Who is asked for a port that he doesn't have gives no answer. Not run against a live driver:
 * that needs the hardware.
 *
 * @example
 * const param = encodeMana({ type: ManaType.STOP_RXTX, portId: 0 });
 */
export function encodeMana({ address = 0n, length = 0, ...head }: DriverFields<ManaMessage>): Uint8Array {
  checkInteger(length, 0, UINT32_MAX, 'The length');
  const { param, view } = encodeHead(FORMAT, head);
  putUint64(view, ADDR, address, 'The address');
  view.setUint32(LEN, length, true);
  return param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { type, address, length } = decodeMana(msg.param);
 */
export function decodeMana(param: Uint8Array): ManaMessage {
  const { head, view } = decodeHead(FORMAT, param);
  return { ...head, address: view.getBigUint64(ADDR, true), length: view.getUint32(LEN, true) };
}
