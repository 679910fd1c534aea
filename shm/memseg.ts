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
const IOVA = 0;
const ADDR = 8;
const LEN = 16;
const HUGEPAGE_SZ = 24;
const SOCKET_ID = 32;
const FLAGS = 44;

export function readMemseg(entry: Buffer, list: MemsegList): Memseg {
  return Object.freeze({
    addr: entry.readBigUInt64LE(ADDR),
    iova: entry.readBigUInt64LE(IOVA),
    len: Number(entry.readBigUInt64LE(LEN)),
    hugepageSize: Number(entry.readBigUInt64LE(HUGEPAGE_SZ)),
    socketId: entry.readInt32LE(SOCKET_ID),
    flags: entry.readUInt32LE(FLAGS),
    external: list.external,
  });
}
