// Messages about virtual ports, by which a secondary gets their descriptors: AF_XDP, memif, tap.
import {
  type Changes,
  checkChars,
  checkInteger,
  DEV_NAME_MAX_LEN,
  encodeFields,
  recordOf,
} from '../eal/params.js';
import { invalid, MpError } from '../errors.js';
import { struct } from '../struct.js';
import { char, i32, u16, u64 } from '../struct-types.js';

/** All of these structs begin with the name of the port. */
const PORT = { port: char(DEV_NAME_MAX_LEN) };

/**
 * The action by which a secondary asks the primary for the sockets of an AF_XDP port (`ETH_AF_XDP_MP_KEY`,
 * drivers/net/af_xdp/rte_eth_af_xdp.c, since 22.03).
 */
export const AFXDP_ACTION = 'afxdp_mp_send_fds';

/** `struct ipc_hdr` (rte_eth_af_xdp.c), the same in 22.03 to 26.07. */
const AfxdpParam = struct(PORT, { name: 'A port of AF_XDP' });

/** A port, in a request or an answer. An answer brings a descriptor for each of the port's rx queues. */
export interface AfxdpPort {
  /**
   * Such as 'net_af_xdp0'. A primary that is asked for a port of another driver crashes; for an unknown port it gives no
   * answer.
   */
  readonly port: string;
}

/**
 * Encodes the param of a request or an answer. Throws `EINVAL` or `E2BIG` for a port that is empty or doesn't fit.
 *
 * @example
 * const param = encodeAfxdpPort({ port: 'net_af_xdp0' });
 */
export function encodeAfxdpPort({ port }: AfxdpPort): Uint8Array {
  checkChars(port, DEV_NAME_MAX_LEN, 'The port');
  return AfxdpParam.encode({ port });
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { port } = decodeAfxdpPort(msg.param); // and msg.takeFds()
 */
export function decodeAfxdpPort(param: Uint8Array): AfxdpPort {
  return AfxdpParam.decode(param);
}

/** The action by which a secondary asks the primary for a region of a memif port (`MEMIF_MP_SEND_REGION`, drivers/net/memif). */
export const MEMIF_ACTION = 'memif_mp_send_region';

/** `ETH_MEMIF_MAX_REGION_NUM` (rte_eth_memif.h): a primary reads past the end of its array for more. */
const MAX_REGIONS = 256;

/** `struct mp_region_msg` (rte_eth_memif.c), the same in 19.08 to 26.07. */
const MemifParam = struct({ ...PORT, index: u16, size: u64 }, { name: 'A region of memif' });

/** A region, in a request or an answer. */
export interface MemifRegion {
  /**
   * Such as 'net_memif0'; empty in C's answers. A primary that is asked for a port of another driver crashes; for an
   * unknown port it gives no answer.
   */
  readonly port: string;
  /** Number of the region, from 0. */
  readonly index: number;
  /** In an answer the region's size in bytes; its descriptor comes along. 0: there is no such region. */
  readonly size: bigint;
}

/**
 * Encodes the param of a request or an answer; the port is empty and the size 0 if they are left out. Throws `EINVAL` or
 * `E2BIG` for a port that is empty or doesn't fit, `EINVAL` for an index out of range.
 *
 * @example
 * const param = encodeMemifRegion({ port: 'net_memif0', index: 0 });
 */
export function encodeMemifRegion(region: Partial<MemifRegion> & { index: number }): Uint8Array {
  checkInteger(region.index, 0, MAX_REGIONS - 1, "The region's index");
  if (region.port !== undefined) checkChars(region.port, DEV_NAME_MAX_LEN, 'The port');
  return encodeFields(MemifParam, region);
}

/**
 * Decodes a request or an answer. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { size } = decodeMemifRegion(msg.param); // and, if it isn't 0, msg.takeFds()
 */
export function decodeMemifRegion(param: Uint8Array): MemifRegion {
  return MemifParam.decode(param);
}

/** The action by which a secondary asks the primary for the queues of a tap port (`TAP_MP_KEY`, drivers/net/tap/rte_eth_tap.c). */
export const TAP_SYNC_ACTION = 'tap_mp_sync_queues';
/**
 * The action of the message that the primary sends to all secondaries when it starts a tap port
 * (`TAP_MP_REQ_START_RXTX`, rte_eth_tap.c, since 22.03).
 */
export const TAP_START_ACTION = 'tap_mp_req_start_rxtx';

/** `struct ipc_queues` of one range of releases. Frozen. */
export interface TapFormat {
  /** Size of the param in bytes. */
  readonly size: number;
  /** Whether a queue has one descriptor for receiving and one for sending, or one for both. */
  readonly areSeparate: boolean;
}

const SeparateParam = struct(
  { ...PORT, rxQueues: i32, txQueues: i32 },
  { name: 'A message about tap queues' },
);
const SharedParam = struct({ ...PORT, rxQueues: i32 }, { name: 'A message about tap queues' });
// since 24.07
const TAP_FORMATS: Changes<TapFormat> = [
  Object.freeze({ size: SeparateParam.size, areSeparate: true }),
  [0x18070000, Object.freeze({ size: SharedParam.size, areSeparate: false })],
];

/**
 * The queues of a tap port; in a request there are none. Their descriptors come along. Up to 24.03 the descriptors of a
 * reply are first those for receiving, and those of `TAP_START_ACTION` first those for sending; later each is for both.
 */
export interface TapQueues {
  /** Such as 'net_tap0'. A primary that is asked for a port of another driver crashes. */
  readonly port: string;
  /** How many queues there are for receiving. */
  readonly rxQueues: number;
  /** How many queues there are for sending. */
  readonly txQueues: number;
}

/**
 * Returns the format in which a primary of this version (the version word of its `config`) sends and takes queues.
 *
 * @example
 * const { areSeparate } = tapFormatOf(0x160b0b63); // true
 */
export function tapFormatOf(versionWord: number): TapFormat {
  return recordOf(TAP_FORMATS, versionWord);
}

/**
 * Encodes the param of a request or an answer; a number of queues is 0 if it is left out. Throws `EINVAL` or `E2BIG` for a
 * port that is empty or doesn't fit, `EINVAL` for numbers of queues that differ where the release has pairs.
 *
 * @example
 * const param = encodeTapQueues(tapFormatOf(0x160b0b63), { port: 'net_tap0' });
 */
export function encodeTapQueues(
  { areSeparate }: TapFormat,
  { port, rxQueues = 0, txQueues = 0 }: Partial<TapQueues> & { port: string },
): Uint8Array {
  checkChars(port, DEV_NAME_MAX_LEN, 'The port');
  if (areSeparate) return SeparateParam.encode({ port, rxQueues, txQueues });
  if (rxQueues !== txQueues) {
    throw invalid(
      `${rxQueues} queues to receive and ${txQueues} to send differ, but this release has pairs: give equal numbers`,
    );
  }
  return SharedParam.encode({ port, rxQueues });
}

/**
 * Decodes a request or an answer, whose length tells the format. Throws `EBADMSG` for a param of any other length.
 *
 * @example
 * const { rxQueues } = decodeTapQueues(msg.param); // and msg.takeFds()
 */
export function decodeTapQueues(param: Uint8Array): TapQueues {
  if (param.length === SeparateParam.size) return SeparateParam.decode(param);
  if (param.length !== SharedParam.size) {
    throw new MpError('EBADMSG', `No known release sends queues in ${param.length} bytes: answer with IGN`);
  }
  const { port, rxQueues } = SharedParam.decode(param);
  return { port, rxQueues, txQueues: rxQueues };
}
