import type { PageSource, PrimarySpace } from './interface.js';

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
