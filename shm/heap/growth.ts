import { random64 } from '../../sys/clock.js';
import { type BlockShape, ceilTo } from './fit.js';
import { HEADER, type HeapSpace, type PageRange, type PageSource } from './heap-space.js';
import type { BlockRequest, MallocHeap } from './malloc-heap.js';

/** What a heap is to grow by. */
export interface Growth {
  readonly socketId: number;
  readonly pageSize: number;
  /** What the pages are for. */
  readonly request: BlockRequest;
  /** Of the sync request; a random one by default. */
  readonly id?: bigint;
  /** Asked once all secondaries have followed; true by default. */
  readonly isStillWanted?: () => boolean;
}

/**
 * Makes pages for a block, has every secondary map them and gives them to the heap: alloc_pages_on_heap. Only then, so
 * that nobody can take memory that isn't mapped everywhere, and a failure leaves the heap as it was. The caller holds
 * the heap's lock and `memory_hotplug_lock`, or whoever it answers does.
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
  // they don't help: a bound or physical addresses are in the way
  if (heap.removePages(made)) releasePages(space, pages, made, id);
  return false;
}

/** Secondaries may have mapped them already. */
function rollBack({ sync }: HeapSpace, source: PageSource, { addr, len }: PageRange, id: bigint): void {
  try {
    source.release(addr, len);
  } finally {
    sync?.('mp_malloc_rollback', id);
  }
}

/**
 * Gives up pages that no heap knows any more.
 *
 * @returns whether every secondary has followed; it does no harm if not, as nothing is in them
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
    hasSynced = sync?.('mp_malloc_sync', id) ?? true; // also of those whose files could not be removed
  }
  return hasSynced;
}

/** How many pages a block takes that begins in none of the others: as try_expand_heap_primary since 21.02. */
function pagesFor({ size, align }: Pick<BlockShape, 'size' | 'align'>, pageSize: number): number {
  return ceilTo(ceilTo(size, align) + HEADER, pageSize) / pageSize;
}
