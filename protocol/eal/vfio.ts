import { struct } from '../struct.js';
import { i32 } from '../struct-types.js';
import { type Changes, encodeFields, recordOf } from './params.js';

/** The action by which a secondary asks the primary for VFIO's descriptors (`EAL_VFIO_MP`, eal_vfio.h). */
export const VFIO_ACTION = 'eal_vfio_mp_sync';

/**
 * How a primary answers. OK brings one descriptor, except in the answer to IOMMU_TYPE; NO_FD says that the group is not
 * bound to VFIO.
 */
export const VfioResult = { OK: 0, NO_FD: 1, ERR: 0xff } as const;

/** What a secondary can ask for (`SOCKET_REQ_*`, eal_vfio.h): the numbers of one range of releases. Frozen. */
export interface VfioRequests {
  /** The descriptor of a container. */
  readonly CONTAINER: number;
  /** The descriptor of an IOMMU group. */
  readonly GROUP: number;
  /** The descriptor of the primary's own container. */
  readonly DEFAULT_CONTAINER?: number;
  /** The type of the IOMMU; no descriptor. */
  readonly IOMMU_TYPE: number;
}

const SEPARATE: VfioRequests = Object.freeze({
  CONTAINER: 0x100,
  GROUP: 0x200,
  DEFAULT_CONTAINER: 0x400,
  IOMMU_TYPE: 0x800,
});
// CONTAINER is the primary's own container here, and 0x400 means something else
const UNITED: VfioRequests = Object.freeze({ CONTAINER: 0x100, GROUP: 0x200, IOMMU_TYPE: 0x400 });

// 25.11 changed the numbers; of the older releases only 22.11 did, in 22.11.11
const VFIO_REQUESTS: Changes<VfioRequests> = [
  SEPARATE,
  [0x160b0b00, UNITED],
  [0x160c0000, SEPARATE],
  [0x190b0000, UNITED],
];

/**
 * Returns what a primary of this version (the version word of its `config`) can be asked for. 0x400 means different things
 * in different releases.
 *
 * @example
 * const { GROUP } = vfioRequestsOf(0x160b0b63);
 */
export function vfioRequestsOf(versionWord: number): VfioRequests {
  return recordOf(VFIO_REQUESTS, versionWord);
}

/** `struct vfio_mp_param` (eal_vfio.h). C answers only params of exactly this size. */
export const VfioParam = struct({ request: i32, result: i32, value: i32 }, { name: 'A message about VFIO' });

/** A request about VFIO, or the answer to one. */
export interface VfioMessage {
  /** One of the primary's {@link VfioRequests}. */
  readonly request: number;
  /** In an answer one of {@link VfioResult}. */
  readonly result: number;
  /** The number of the group asked for; in an answer to IOMMU_TYPE the type. */
  readonly value: number;
}

/**
 * Encodes the param of a message about VFIO; `result` and `value` are 0 if they are left out.
 *
 * @example
 * const param = encodeVfio({ request: vfioRequestsOf(0x160b0b63).GROUP, value: 12 });
 */
export function encodeVfio(message: Partial<VfioMessage> & { request: number }): Uint8Array {
  return encodeFields(VfioParam, message);
}

/**
 * Decodes a message about VFIO. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { result } = decodeVfio(msg.param); // and, if it is VfioResult.OK, msg.takeFds()
 */
export function decodeVfio(param: Uint8Array): VfioMessage {
  return VfioParam.decode(param);
}
