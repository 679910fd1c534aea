import { type Changes, recordOf } from './releases.js';
import { viewOf } from './struct.js';

/** VFIO: a secondary asks the primary for its descriptors (`EAL_VFIO_MP`, eal_vfio.h). */
export const VFIO_ACTION = 'eal_vfio_mp_sync';

/** How a primary answers: OK brings one descriptor, but for the IOMMU type; NO_FD: the group is not bound to VFIO. */
export const VfioResult = { OK: 0, NO_FD: 1, ERR: 0xff } as const;

/** What can be asked for (`SOCKET_REQ_*`, eal_vfio.h): the numbers of one range of releases. Frozen. */
export interface VfioRequests {
  /** A descriptor of the container. */
  readonly CONTAINER: number;
  /** That of an IOMMU group. */
  readonly GROUP: number;
  /** The primary's own container. */
  readonly DEFAULT_CONTAINER?: number;
  /** No descriptor: which type of IOMMU. */
  readonly IOMMU_TYPE: number;
}

const SEPARATE: VfioRequests = Object.freeze({
  CONTAINER: 0x100,
  GROUP: 0x200,
  DEFAULT_CONTAINER: 0x400,
  IOMMU_TYPE: 0x800,
});
// CONTAINER is the primary's own one here, and 0x400 means something else
const UNITED: VfioRequests = Object.freeze({ CONTAINER: 0x100, GROUP: 0x200, IOMMU_TYPE: 0x400 });

// 25.11 changed it, and of the older releases that are still maintained 22.11 did, in 22.11.11
const VFIO_REQUESTS: Changes<VfioRequests> = [
  SEPARATE,
  [0x160b0b00, UNITED],
  [0x160c0000, SEPARATE],
  [0x190b0000, UNITED],
];

/**
 * What a primary of this version (the version word of its `config`) can be asked for. 0x400 means different things.
 *
 * @example
 * const { GROUP } = vfioRequestsOf(0x160b0b63);
 */
export function vfioRequestsOf(versionWord: number): VfioRequests {
  return recordOf(VFIO_REQUESTS, versionWord);
}

// struct vfio_mp_param (eal_vfio.h); C answers nothing else than exactly this length
const VFIO_MP_PARAM_SIZE = 12;
const REQ = 0;
const RESULT = 4;
const VALUE = 8;

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
 * The param of such a message; `result` and `value` are 0 unless given.
 *
 * @example
 * const param = encodeVfio({ request: vfioRequestsOf(0x160b0b63).GROUP, value: 12 });
 */
export function encodeVfio({ request, result = 0, value = 0 }: Partial<VfioMessage> & { request: number }) {
  const param = new Uint8Array(VFIO_MP_PARAM_SIZE);
  const view = new DataView(param.buffer);
  view.setInt32(REQ, request, true);
  view.setInt32(RESULT, result, true);
  view.setInt32(VALUE, value, true);
  return param;
}

/**
 * Reads such a message. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { result } = decodeVfio(msg.param); // and, if it is VfioResult.OK, msg.takeFds()
 */
export function decodeVfio(param: Uint8Array): VfioMessage {
  const view = viewOf(param, VFIO_MP_PARAM_SIZE, 'A message about VFIO');
  return {
    request: view.getInt32(REQ, true),
    result: view.getInt32(RESULT, true),
    value: view.getInt32(VALUE, true),
  };
}
