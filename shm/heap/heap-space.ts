import type { MemConfigLayout } from '../layout/releases.js';

/** Consecutive pages of one list. */
export interface PageRange {
  readonly addr: number;
  /** Bytes. */
  readonly len: number;
}

/** What the creating side of shared memory is made of, as its allocator sees it. */

/** Where pages come from and go to. The caller holds `memory_hotplug_lock` for writing, or whoever asked it does. */
export interface PageSource {
  /**
   * `pages` consecutive pages of a NUMA node: their files are made, locked and mapped, and the list tells of them.
   * `undefined`: there are no more.
   */
  allocate(socketId: number, pageSize: number, pages: number): PageRange | undefined;
  /**
   * Takes them out of the list and removes their files: all of them out of the list, or none of them, also where it throws.
   */
  release(addr: number, len: number): void;
}

/** Each takes a lock for writing, runs the section and releases it. `ETIMEDOUT`. The order is mlock, heap, hotplug. */
export interface PrimaryLocks {
  /** The memzone table's. */
  mlock<T>(section: () => T): T;
  /** That of one malloc heap. */
  heap<T>(index: number, section: () => T): T;
  /** That of the memseg lists. */
  hotplug<T>(section: () => T): T;
}

/** A memseg list that pages are taken from. */
interface SpaceList {
  readonly index: number;
  readonly base: number;
  readonly length: number;
  readonly pageSize: number;
  readonly socketId: number;
}

/** The memzone table. */
interface MemzoneTable {
  /** Of its `struct rte_fbarray` in `config`. */
  readonly descriptorOffset: number;
  /** The array's file. */
  readonly bytes: DataView;
}

/** The two requests that tell secondaries of changed memory (malloc_mp.h). */
export type SyncAction = 'mp_malloc_sync' | 'mp_malloc_rollback';

/** The shared memory of a primary, mapped for writing. */
export interface PrimarySpace {
  readonly layout: MemConfigLayout;
  /** `struct rte_mem_config`. */
  readonly config: DataView;
  /** `mem_cfg_addr`: where C processes have `config`. */
  readonly configAddress: number;
  readonly lists: readonly SpaceList[];
  readonly memzones: MemzoneTable;
  readonly pages: PageSource;
  readonly locks: PrimaryLocks;
  /** The file of the array of `memsegs[list]`. */
  segments(list: number): DataView;
  /** Bytes at addresses of the primary, which must be in mapped pages. */
  view(addr: number, len: number): DataView;
  /** Has every secondary follow, and blocks until all have answered; false if one failed or didn't answer. */
  sync(action: SyncAction, id: bigint): boolean;
}

/**
 * The shared memory that heaps and memzones are in. Without `pages` and `sync` nothing grows or shrinks: whoever attached
 * to another's memory can't make pages.
 */
export interface HeapSpace
  extends Pick<PrimarySpace, 'layout' | 'config' | 'configAddress' | 'memzones' | 'locks' | 'view'> {
  /** The file of `memsegs[list].memseg_arr`; reading it is enough. */
  segments(list: number): DataView;
  readonly pages?: PageSource;
  readonly sync?: PrimarySpace['sync'];
}

/** sizeof(struct malloc_elem), malloc_elem.h, in front of every block: the same for both sizes of cache line. */
export const HEADER = 128;
/** RTE_HEAP_NUM_FREELISTS (malloc_heap.h) */
export const FREE_LISTS = 13;
/** EXTERNAL_HEAP_MIN_SOCKET_ID (malloc_heap.c): heaps from here on are of an application's own memory. */
export const EXTERNAL_SOCKET_ID = 256;
/** SOCKET_ID_ANY (rte_memory.h) */
export const SOCKET_ID_ANY = -1;
