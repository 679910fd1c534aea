import type { MemConfigLayout } from '../layout/releases.js';
import type { SharedLocks } from '../locks/shared-locks.js';

/** Consecutive pages of one list. */
export interface PageRange {
  readonly addr: number;
  /** Bytes. */
  readonly len: number;
}

/** Makes and removes pages. Either the caller holds `memory_hotplug_lock` for writing, or the secondary that it answers. */
export interface PageSource {
  /**
   * Makes `pages` consecutive pages of a NUMA node: creates, locks and maps their files, and enters them in the list.
   * Returns `undefined` where there are not that many left.
   */
  allocate(socketId: number, pageSize: number, pages: number): PageRange | undefined;
  /** Takes these pages out of the list and removes their files. Where it throws, all of them are out of the list or none. */
  release(addr: number, len: number): void;
}

/** The two requests that tell secondaries of changed memory (malloc_mp.h). */
export type SyncAction = 'mp_malloc_sync' | 'mp_malloc_rollback';

/**
 * The shared memory that heaps and memzones are in, mapped for writing. Without `pages` and `sync`, where another
 * process is the primary, nothing grows or shrinks.
 */
export interface HeapSpace {
  readonly layout: MemConfigLayout;
  /** `struct rte_mem_config`. */
  readonly config: DataView;
  /** `mem_cfg_addr`: where C processes have `config`. */
  readonly configAddress: number;
  /** The file of the memzone table's array. */
  readonly memzones: DataView;
  readonly locks: SharedLocks;
  /** Returns the file of `memsegs[list].memseg_arr`; it need not be writable. */
  segments(list: number): DataView;
  /** Returns the bytes at an address of the primary, which must be in mapped pages. */
  view(addr: number, len: number): DataView;
  readonly pages?: PageSource;
  /** Has every secondary follow, and blocks until all have answered; false if one failed or didn't answer. */
  readonly sync?: (action: SyncAction, id: bigint) => boolean;
}

/** The shared memory of a primary, which can grow. */
export interface PrimarySpace extends HeapSpace {
  readonly lists: readonly { readonly base: number; readonly length: number }[];
  readonly pages: PageSource;
  readonly sync: (action: SyncAction, id: bigint) => boolean;
}

/** sizeof(struct malloc_elem), malloc_elem.h, in front of every block: the same for both sizes of cache line. */
export const HEADER = 128;
/** RTE_HEAP_NUM_FREELISTS (malloc_heap.h) */
export const FREE_LISTS = 13;
/** EXTERNAL_HEAP_MIN_SOCKET_ID (malloc_heap.c): heaps from here on are of an application's own memory. */
export const EXTERNAL_SOCKET_ID = 256;
/** SOCKET_ID_ANY (rte_memory.h) */
export const SOCKET_ID_ANY = -1;
