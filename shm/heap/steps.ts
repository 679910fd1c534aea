import { ListRecord } from './list-record.js';
import { type BlockRequest, isLegacy, type MallocHeap } from './malloc-heap.js';
import { allowsPageSize, isOnlyHint, MemzoneFlag, sizesIn, withoutHint } from './page-flags.js';
import type { SharedWords } from './shared-words.js';

/** One way to get a block. */
export interface Step {
  /** What to look for it with. */
  readonly flags: number;
  /** Pages of this size are to be made first; without, it is looked for in what the heap has. */
  readonly pageSize?: number;
}

/**
 * The ways to get a block from a heap, in the order of malloc_heap_alloc_on_heap_id: pages that were asked for before
 * others, memory that is there before new memory, small pages before large ones.
 */
export function stepsFor(words: SharedWords, heap: MallocHeap, { flags }: BlockRequest): Step[] {
  // nobody can tell what pages an application's memory has
  if (heap.isExternal) return [{ flags: flags | MemzoneFlag.SIZE_HINT_ONLY }];
  if (isLegacy(words)) return [{ flags }];
  const strict = withoutHint(flags);
  const sizes = pageSizesOf(words, heap.socketId);
  const requested = sizesIn(flags) === 0 ? [] : sizes.filter((pageSize) => allowsPageSize(flags, pageSize));
  const mayBeOthers = sizesIn(flags) === 0 || isOnlyHint(flags);
  const others = mayBeOthers ? sizes.filter((pageSize) => !requested.includes(pageSize)) : [];
  return [
    { flags: strict },
    ...requested.map((pageSize) => ({ flags: strict, pageSize })),
    ...(isOnlyHint(flags) ? [{ flags }] : []),
    ...others.map((pageSize) => ({ flags, pageSize })),
  ];
}

/** Smallest first. */
function pageSizesOf(words: SharedWords, socketId: number): number[] {
  const lists = ListRecord.all(words).filter((list) => list.socketId === socketId && !list.external);
  return [...new Set(lists.map(({ pageSize }) => pageSize))].sort((a, b) => a - b);
}
