import { getChars } from '../bytes.js';
import { checkInteger, DEV_NAME_MAX_LEN, putChars, viewOf } from '../eal/struct.js';

/** A secondary asks the primary for a region of a memif port (`MEMIF_MP_SEND_REGION`, drivers/net/memif). */
export const MEMIF_ACTION = 'memif_mp_send_region';

/** `ETH_MEMIF_MAX_REGION_NUM` (rte_eth_memif.h): a primary looks behind its array for more. */
const MAX_REGIONS = 256;

// struct mp_region_msg (rte_eth_memif.c), the same in 19.08 to 26.07
const MP_REGION_MSG_SIZE = 80;
const PORT_NAME = 0;
const INDEX = 64;
const SIZE = 72;

/** A region, asked for or answered. */
export interface MemifRegion {
  /**
   * As 'net_memif0'; empty in C's answers. A primary asked for a port of another driver crashes; for an unknown one it
   * doesn't answer.
   */
  readonly port: string;
  /** Of the region, from 0. */
  readonly index: number;
  /** In an answer its bytes, whose descriptor comes along; 0: there is no such region. */
  readonly size: bigint;
}

/**
 * The param of a request or an answer; the port is empty and the size 0 unless given. Throws `EINVAL` or `E2BIG` for a port that doesn't fit,
 * `EINVAL` for an index that is none.
 *
 * @example
 * const param = encodeMemifRegion({ port: 'net_memif0', index: 0 });
 */
export function encodeMemifRegion({
  port,
  index,
  size = 0n,
}: Partial<MemifRegion> & { index: number }): Uint8Array {
  checkInteger(index, 0, MAX_REGIONS - 1, "The region's index");
  const param = new Uint8Array(MP_REGION_MSG_SIZE);
  const view = new DataView(param.buffer);
  if (port !== undefined) putChars(param, PORT_NAME, DEV_NAME_MAX_LEN, port, 'The port');
  view.setUint16(INDEX, index, true);
  view.setBigUint64(SIZE, size, true);
  return param;
}

/**
 * Reads a request or an answer. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { size } = decodeMemifRegion(msg.param); // and, if it isn't 0, msg.takeFds()
 */
export function decodeMemifRegion(param: Uint8Array): MemifRegion {
  const view = viewOf(param, MP_REGION_MSG_SIZE, 'A memif region');
  return {
    port: getChars(param, PORT_NAME, DEV_NAME_MAX_LEN),
    index: view.getUint16(INDEX, true),
    size: view.getBigUint64(SIZE, true),
  };
}
