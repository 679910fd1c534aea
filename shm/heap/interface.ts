/** What the creating side of shared memory is made of, as its allocator sees it. */

import type { MemConfigLayout } from '../layout/releases.js';
import type { PageRange } from './page-release.js';

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
