import { checkInteger, INT32_MAX, INT32_MIN, putUint64, viewOf } from '../eal/struct.js';
import { decodeVfio, encodeVfio } from '../eal/vfio.js';

/**
 * A secondary on NXP's fslmc bus asks the primary for VFIO's descriptors and for what is mapped (`FSLMC_VFIO_MP`,
 * drivers/bus/fslmc/fslmc_vfio.c, since 24.11). Requests, and answers but for that to MEM, are those of `encodeVfio` and
 * `decodeVfio`. MEM was not run against a live driver: it needs the hardware.
 */
export const FSLMC_ACTION = 'fslmc_vfio_mp_sync';

/** `FSLMC_VFIO_SOCKET_REQ_*` (fslmc_vfio.c): a secondary asks. */
export const FslmcRequest = {
  /** The answer brings the descriptor of VFIO's container. */
  CONTAINER: 0x100,
  /** The answer brings that of an IOMMU group. */
  GROUP: 0x101,
  /** What is mapped: see `decodeFslmcMemory`. */
  MEM: 0x102,
} as const;

// struct fslmc_mem_param (fslmc_vfio.c), the same in 24.11 to 26.07; it begins with a struct vfio_mp_param
const FSLMC_MEM_PARAM_SIZE = 64;
const MEMSEGS_FIRST = 16;
const MEMSEGS_LAST = 24;
const IOSEGS_FIRST = 32;
const IOSEGS_LAST = 40;
const MEM_VA2IOVA = 48;
const MEM_MAP_NUM = 56;

/** A list of C's `TAILQ`: addresses in the primary, and of no use elsewhere. */
export interface FslmcList {
  /** Its first element; 0: there is none. */
  readonly first: bigint;
  /** The place that the next one is linked from. */
  readonly last: bigint;
}

/** The answer to a request for MEM. */
export interface FslmcMemory {
  /** One of `VfioResult`. */
  readonly result: number;
  /** Of memory. */
  readonly memsegs: FslmcList;
  /** Of registers. */
  readonly iosegs: FslmcList;
  /** From an address of memory to that of the device; 2 ** 64 - 1: there is no fixed distance. */
  readonly vaToIova: bigint;
  /** How many pieces of memory are mapped. */
  readonly mapped: number;
}

const EMPTY: FslmcList = { first: 0n, last: 0n };

/**
 * The param of the answer to MEM; the lists are empty and numbers 0 unless given. Throws `EINVAL` for a number that is no
 * whole one of its range.
 *
 * @example
 * const param = encodeFslmcMemory({ result: 0, vaToIova: 2n ** 64n - 1n });
 */
export function encodeFslmcMemory({
  result,
  memsegs = EMPTY,
  iosegs = EMPTY,
  vaToIova = 0n,
  mapped = 0,
}: Partial<FslmcMemory> & { result: number }): Uint8Array {
  checkInteger(result, INT32_MIN, INT32_MAX, 'The result');
  checkInteger(mapped, INT32_MIN, INT32_MAX, 'The number of pieces');
  const param = new Uint8Array(FSLMC_MEM_PARAM_SIZE);
  param.set(encodeVfio({ request: FslmcRequest.MEM, result }));
  const view = new DataView(param.buffer);
  putUint64(view, MEMSEGS_FIRST, memsegs.first, "The memory list's begin");
  putUint64(view, MEMSEGS_LAST, memsegs.last, "The memory list's end");
  putUint64(view, IOSEGS_FIRST, iosegs.first, "The I/O list's begin");
  putUint64(view, IOSEGS_LAST, iosegs.last, "The I/O list's end");
  putUint64(view, MEM_VA2IOVA, vaToIova, 'The distance');
  view.setInt32(MEM_MAP_NUM, mapped, true);
  return param;
}

/**
 * Reads the answer to MEM. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * const { result, mapped } = decodeFslmcMemory(msg.param);
 */
export function decodeFslmcMemory(param: Uint8Array): FslmcMemory {
  const view = viewOf(param, FSLMC_MEM_PARAM_SIZE, 'An answer about memory of fslmc');
  return {
    result: decodeVfio(param).result,
    memsegs: { first: view.getBigUint64(MEMSEGS_FIRST, true), last: view.getBigUint64(MEMSEGS_LAST, true) },
    iosegs: { first: view.getBigUint64(IOSEGS_FIRST, true), last: view.getBigUint64(IOSEGS_LAST, true) },
    vaToIova: view.getBigUint64(MEM_VA2IOVA, true),
    mapped: view.getInt32(MEM_MAP_NUM, true),
  };
}
