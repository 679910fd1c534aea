import type { MemsegList } from './memseg-list.js';

/** One page of the primary's memory: `struct rte_memseg` (rte_memory.h). */
export interface Memseg {
  /** Where it is in the primary. */
  readonly addr: bigint;
  /** Physical address, or `addr` in VA mode; all ones if unknown. */
  readonly iova: bigint;
  /** Bytes. */
  readonly len: number;
  /** Bytes, as `len`. */
  readonly hugepageSize: number;
  /** NUMA node; 256 and up for external heaps. */
  readonly socketId: number;
  /** `RTE_MEMSEG_FLAG_*`. */
  readonly flags: number;
  /** Memory that an application brought along: it can be listed but not mapped. */
  readonly external: boolean;
}

// offsets in struct rte_memseg
export const MEMSEG_IOVA = 0;
export const MEMSEG_ADDR = 8;
export const MEMSEG_LEN = 16;
export const MEMSEG_HUGEPAGE_SZ = 24;
export const MEMSEG_SOCKET_ID = 32;
export const MEMSEG_FLAGS = 44;

/** RTE_MEMSEG_FLAG_DO_NOT_FREE (rte_memory.h): a page that EAL started with, which stays. */
export const DO_NOT_FREE = 1;

export function readMemseg(entry: Buffer, list: MemsegList): Memseg {
  return Object.freeze({
    addr: entry.readBigUInt64LE(MEMSEG_ADDR),
    iova: entry.readBigUInt64LE(MEMSEG_IOVA),
    len: Number(entry.readBigUInt64LE(MEMSEG_LEN)),
    hugepageSize: Number(entry.readBigUInt64LE(MEMSEG_HUGEPAGE_SZ)),
    socketId: entry.readInt32LE(MEMSEG_SOCKET_ID),
    flags: entry.readUInt32LE(MEMSEG_FLAGS),
    external: list.external,
  });
}
