import { encodeFields } from '../eal/params.js';
import { VfioParam } from '../eal/vfio.js';
import { struct } from '../struct.js';
import { i32, u64 } from '../struct-types.js';

/**
 * The action by which a secondary on NXP's fslmc bus asks the primary for VFIO's descriptors and for what is mapped
 * (`FSLMC_VFIO_MP`, drivers/bus/fslmc/fslmc_vfio.c, since 24.11). `encodeVfio` and `decodeVfio` are for requests, and for
 * all answers except the one to MEM. MEM was not run against a live driver: it needs the hardware.
 */
export const FSLMC_ACTION = 'fslmc_vfio_mp_sync';

/** `FSLMC_VFIO_SOCKET_REQ_*` (fslmc_vfio.c): what a secondary asks for. */
export const FslmcRequest = {
  /** The descriptor of VFIO's container, which the answer brings. */
  CONTAINER: 0x100,
  /** The descriptor of an IOMMU group, which the answer brings. */
  GROUP: 0x101,
  /** What is mapped: see `decodeFslmcMemory`. */
  MEM: 0x102,
} as const;

const ListParam = struct({ first: u64, last: u64 });
/** `struct fslmc_mem_param` (fslmc_vfio.c), the same in 24.11 to 26.07. */
const MemoryParam = struct(
  {
    head: VfioParam,
    memsegs: ListParam,
    iosegs: ListParam,
    vaToIova: u64,
    mapped: i32,
  },
  { name: 'An answer about memory of fslmc' },
);

/** A list of C's `TAILQ`: addresses in the primary, of no use in other processes. */
export interface FslmcList {
  /** Address of the first element; 0: the list is empty. */
  readonly first: bigint;
  /** Address of the place that will link the next element. */
  readonly last: bigint;
}

/** The answer to a request for MEM. */
export interface FslmcMemory {
  /** One of `VfioResult`. */
  readonly result: number;
  /** Segments of memory. */
  readonly memsegs: FslmcList;
  /** Segments of registers. */
  readonly iosegs: FslmcList;
  /** What is added to an address of memory to get the device's address; 2 ** 64 - 1: there is no fixed distance. */
  readonly vaToIova: bigint;
  /** How many segments of memory are mapped. */
  readonly mapped: number;
}

/**
 * Encodes the param of the answer to MEM; lists are empty and numbers 0 if they are left out. Throws `EINVAL` for a number
 * out of range.
 *
 * @example
 * const param = encodeFslmcMemory({ result: 0, vaToIova: 2n ** 64n - 1n });
 */
export function encodeFslmcMemory({
  result,
  ...memory
}: Partial<FslmcMemory> & { result: number }): Uint8Array {
  return encodeFields<Parameters<typeof MemoryParam.encode>[0]>(MemoryParam, {
    ...memory,
    head: { request: FslmcRequest.MEM, result },
  });
}

/**
 * Decodes the answer to MEM. Throws `EBADMSG` for a param that is too short.
 *
 * @example
 * const { result, mapped } = decodeFslmcMemory(msg.param);
 */
export function decodeFslmcMemory(param: Uint8Array): FslmcMemory {
  const { head, ...memory } = MemoryParam.decode(param);
  return { result: head.result, ...memory };
}
