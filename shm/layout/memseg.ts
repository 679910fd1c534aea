import { type FbarrayDescriptor, readDescriptor } from './fbarray.js';
import { layoutError, readAddress, readFlag, readPageSize, type Source } from './fields.js';
import { MAX_MEMSEG_LISTS, MEMSEG, MEMSEG_LIST } from './releases.js';

/** `struct rte_memseg_list` (rte_memory.h): a reserved range of addresses for pages of one size. */
export interface MemsegList {
  /** Index in `rte_mem_config.memsegs`, which is part of hugepage file names. */
  readonly index: number;
  readonly base: number;
  readonly length: number;
  readonly pageSize: number;
  readonly socketId: number;
  /** Whether it is an application's own memory, which has no files. */
  readonly external: boolean;
  readonly array: FbarrayDescriptor;
}

/** Reads the lists in use; `memsegs` begins at `offset` of `source`. */
export function readMemsegLists(source: Source, offset: number): MemsegList[] {
  const lists: MemsegList[] = [];
  for (let index = 0; index < MAX_MEMSEG_LISTS; index++) {
    const at = offset + index * MEMSEG_LIST.size;
    // some releases leave a length in an unused list: only the base tells
    if (source.bytes.readBigUInt64LE(at) !== 0n) lists.push(readList(source, at, index));
  }
  return lists;
}

function readList(source: Source, at: number, index: number): MemsegList {
  const { offsets } = MEMSEG_LIST;
  const field = `memsegs[${index}]`;
  const base = readAddress(source, at, `${field}.base_va`);
  const pageSize = readPageSize(source, at + offsets.pageSize, `${field}.page_sz`);
  const length = readAddress(source, at + offsets.length, `${field}.len`);
  const external = readFlag(source, at + offsets.external, `${field}.external`);
  readFlag(source, at + offsets.heap, `${field}.heap`);
  const array = readDescriptor(source, at + offsets.array, MEMSEG.size, `${field}.memseg_arr`);
  if (length !== pageSize * array.len) {
    throw layoutError(source.path, `${field}.len`, length, `${array.len} pages of ${pageSize} bytes`);
  }
  if (!external && base % pageSize !== 0) {
    throw layoutError(source.path, `${field}.base_va`, base, `a multiple of ${pageSize}`);
  }
  const socketId = source.bytes.readInt32LE(at + offsets.socketId);
  return Object.freeze({ index, base, length, pageSize, socketId, external, array });
}

/** One page of the primary's memory: `struct rte_memseg` (rte_memory.h). */
export interface Memseg {
  /** Address in the primary. */
  readonly addr: bigint;
  /** Physical address, or `addr` in VA mode; all ones if unknown. */
  readonly iova: bigint;
  /** Length in bytes. */
  readonly len: number;
  /** Size of the page in bytes, the same as `len`. */
  readonly hugepageSize: number;
  /** NUMA node; 256 and up for external heaps. */
  readonly socketId: number;
  /** `RTE_MEMSEG_FLAG_*` bits. */
  readonly flags: number;
  /** Whether it is an application's own memory, which can be listed but not mapped. */
  readonly external: boolean;
}

/** RTE_MEMSEG_FLAG_DO_NOT_FREE (rte_memory.h): EAL started with this page, and keeps it. */
export const DO_NOT_FREE = 1;

export function readMemseg(entry: Buffer, list: MemsegList): Memseg {
  const { addr, iova, len, hugepageSize, socketId, flags } = MEMSEG.decode(entry);
  const { external } = list;
  return Object.freeze({
    addr,
    iova,
    len: Number(len),
    hugepageSize: Number(hugepageSize),
    socketId,
    flags,
    external,
  });
}
