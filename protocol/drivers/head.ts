// What the messages of NIC drivers begin with: the same three fields, whatever follows.
import { checkInteger, checkType, INT32_MAX, INT32_MIN, UINT16_MAX, viewOf } from '../eal/struct.js';

// as in struct hns3_mp_param (drivers/net/hns3/hns3_ethdev.h), which has nothing else
const TYPE = 0;
const PORT_ID = 4;
const RESULT = 8;
const HEAD_SIZE = 12;

/** What every message of a NIC driver says: the whole of it in hns3, netvsc and sxe2. */
export interface DriverMessage {
  /** What is asked for: each driver has a table of it. An answer repeats it. */
  readonly type: number;
  /** Number of the port in ethdev. For an unknown one most drivers don't answer. */
  readonly portId: number;
  /** In an answer 0 or a negative errno. */
  readonly result: number;
}

/** Such a message to be written: what may be left out is 0. */
export type DriverFields<T extends DriverMessage = DriverMessage> = Partial<T> & Pick<T, 'type' | 'portId'>;

/** Names a driver, its requests and the size of its struct. */
export interface DriverFormat {
  /** In error messages. */
  readonly driver: string;
  readonly types: Readonly<Record<string, number>>;
  readonly size?: number;
}

/** Checks the head, then writes it into a param that is 0 behind it. */
export function encodeHead(
  { driver, types, size = HEAD_SIZE }: DriverFormat,
  { type, portId, result = 0 }: DriverFields,
): { param: Uint8Array; view: DataView } {
  checkType(type, types, `The type of a request to ${driver}`);
  checkInteger(portId, 0, UINT16_MAX, 'The port');
  checkInteger(result, INT32_MIN, INT32_MAX, 'The result');
  const param = new Uint8Array(size);
  const view = new DataView(param.buffer);
  view.setInt32(TYPE, type, true);
  view.setInt32(PORT_ID, portId, true);
  view.setInt32(RESULT, result, true);
  return { param, view };
}

/** Throws `EBADMSG` for a param that is shorter than the driver's struct. */
export function decodeHead(
  { driver, size = HEAD_SIZE }: DriverFormat,
  param: Uint8Array,
): { head: DriverMessage; view: DataView } {
  const view = viewOf(param, size, `A message of ${driver}`);
  const head = {
    type: view.getInt32(TYPE, true),
    portId: view.getInt32(PORT_ID, true),
    result: view.getInt32(RESULT, true),
  };
  return { head, view };
}

/** The answer to a request that isn't granted: all that it said, and the result. Throws `EBADMSG` as {@link decodeHead}. */
export function refuseHead(request: Uint8Array, result: number): Uint8Array {
  const param = new Uint8Array(request);
  viewOf(param, HEAD_SIZE, 'A request of a driver').setInt32(RESULT, result, true);
  return param;
}
