// What the messages of NIC drivers begin with: the same three fields, whatever follows.
import { checkInteger, checkType, encodeFields, UINT16_MAX } from '../eal/params.js';
import { type Layout, struct } from '../struct.js';
import { i32 } from '../struct-types.js';

/** What every message of a NIC driver says. In hns3, netvsc and sxe2 there is nothing else. */
export interface DriverMessage {
  /** What is asked for: each driver has a table of its types. An answer repeats it. */
  readonly type: number;
  /** Number of the port in ethdev. Most drivers don't answer for a port that they don't have. */
  readonly portId: number;
  /** In an answer 0 or a negative errno. */
  readonly result: number;
}

/** A message to encode: what is left out is 0. */
export type DriverFields<T extends DriverMessage = DriverMessage> = Partial<T> & Pick<T, 'type' | 'portId'>;

/** The fields of {@link DriverMessage}, as in `struct hns3_mp_param` (drivers/net/hns3/hns3_ethdev.h). */
export const HEAD = { type: i32, portId: i32, result: i32 };
/** A struct of these fields alone. */
export const HeadParam = struct(HEAD, { name: 'A message of a NIC driver' });

/**
 * Encodes a message of a driver, whose struct begins with {@link HEAD}. Throws `EINVAL` for a type that isn't in its table,
 * and for numbers out of range.
 */
export function encodeDriver<Fields extends object>(
  driver: string,
  types: Readonly<Record<string, number>>,
  layout: Layout<unknown, Fields, unknown, PropertyKey>,
  message: Fields & Pick<DriverMessage, 'type' | 'portId'>,
): Uint8Array {
  checkType(message.type, types, `The type of a request to ${driver}`);
  checkInteger(message.portId, 0, UINT16_MAX, 'The port');
  return encodeFields(layout, message);
}
