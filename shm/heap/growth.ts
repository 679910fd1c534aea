import { random64 } from '../../sys/clock.js';
import { type BlockShape, ceilTo } from './fit.js';
import { HEADER, type HeapSpace, type PageRange, type PageSource } from './heap-space.js';
import type { BlockRequest, MallocHeap } from './malloc-heap.js';

/** How a heap is to grow. */
export interface Growth {
  readonly socketId: number;
  readonly pageSize: number;
  /** The block that the pages are for. */
  readonly request: BlockRequest;
  /** Id of the sync request; a random one by default. */
  readonly id?: bigint;
  /** Called once all secondaries have followed; false undoes the growth. True by default. */
  readonly isStillWanted?: () => boolean;
}

/**
 * Makes pages for a block, has every secondary map them, and then gives them to the heap [alloc_pages_on_heap]: in this
 * order, so that no process takes memory that isn't mapped everywhere, and a failure leaves the heap as it was. Either the
 * caller holds the heap's lock and `memory_hotplug_lock`, or the secondary that it answers.
 *
 * @returns whether the heap has such a block now
 */
export function growHeap(space: HeapSpace, heap: MallocHeap, growth: Growth): boolean {
  const { pages, sync } = space;
  if (pages === undefined || sync === undefined) return false;
  const { socketId, pageSize, request, id = random64(), isStillWanted = () => true } = growth;
  const made = pages.allocate(socketId, pageSize, pagesFor(request, pageSize));
  if (made === undefined) return false;
  let isReady = false;
  try {
    isReady = sync('mp_malloc_sync', id) && isStillWanted();
  } finally {
    if (!isReady) rollBack(space, pages, made, id);
  }
  if (!isReady) return false;
  heap.addPages(made);
  if (heap.has(request)) return true;
  // the pages don't help: the bound or the physical addresses don't fit
  if (heap.removePages(made)) releasePages(space, pages, made, id);
  return false;
}

/** Removes the pages again and tells the secondaries, which may have mapped them already. */
function rollBack({ sync }: HeapSpace, source: PageSource, { addr, len }: PageRange, id: bigint): void {
  try {
    source.release(addr, len);
  } finally {
    sync?.('mp_malloc_rollback', id);
  }
}

/**
 * Gives back pages that belong to no heap any more.
 *
 * @returns whether every secondary has followed; if not, that does no harm, because nothing is in the pages
 */
export function releasePages(
  { sync }: HeapSpace,
  source: PageSource,
  { addr, len }: PageRange,
  id = random64(),
): boolean {
  let hasSynced = true;
  try {
    source.release(addr, len);
  } finally {
    hasSynced = sync?.('mp_malloc_sync', id) ?? true; // also where a file could not be removed
  }
  return hasSynced;
}

/** Returns the number of pages for a block with its header [try_expand_heap_primary since 21.02]. */
function pagesFor({ size, align }: Pick<BlockShape, 'size' | 'align'>, pageSize: number): number {
  return ceilTo(ceilTo(size, align) + HEADER, pageSize) / pageSize;
}
