import { struct } from '../../protocol/struct.js';
import { char, i32, u32, u64 } from '../../protocol/struct-types.js';

/** `struct rte_fbarray` (rte_fbarray.h), without what lies behind the word of its lock. */
export const FBARRAY = struct({
  name: char(64), // RTE_FBARRAY_NAME_LEN
  count: u32,
  len: u32,
  eltSize: u32,
  data: u64,
  lock: u32,
});

/** `struct rte_memseg_list` (rte_memory.h). */
export const MEMSEG_LIST = struct({
  base: u64,
  pageSize: u64,
  socketId: i32,
  /** Counter of changes of the list's pages (memory hotplug). */
  version: u32,
  length: u64,
  external: u32,
  heap: u32,
  array: FBARRAY,
});

/** `struct rte_memseg` (rte_memory.h). */
export const MEMSEG = struct({
  iova: u64,
  addr: u64,
  len: u64,
  hugepageSize: u64,
  socketId: i32,
  channels: u32,
  ranks: u32,
  flags: u32,
});
