import { MpError } from '../../protocol/errors.js';
import { isPowerOfTwo } from '../layout/fields.js';
import { MAX_HEAPS } from '../layout/releases.js';
import { ceilTo } from './fit.js';
import { growHeap, releasePages } from './growth.js';
import { HeapRecord } from './heap-record.js';
import { EXTERNAL_SOCKET_ID, type HeapSpace, type PageRange, SOCKET_ID_ANY } from './heap-space.js';
import { ListRecord } from './list-record.js';
import {
  type Block,
  type BlockRequest,
  type HeapStats,
  heapOf,
  isLegacy,
  MallocHeap,
  noBlock,
} from './malloc-heap.js';
import { allowsPageSize, isOnlyHint, MemzoneFlag, sizesIn, withoutHint } from './page-flags.js';
import { corrupt, SharedWords } from './shared-words.js';

/** How to allocate a block. */
export interface AllocateOptions {
  /** NUMA node; any node by default. */
  readonly socketId?: number | undefined;
  /** Alignment in bytes, a power of two; a cache line by default and at least. */
  readonly align?: number | undefined;
}

/** The statistics of one heap. */
export interface NamedHeapStats extends HeapStats {
  readonly name: string;
  readonly socketId: number;
}

/**
 * The allocator of a primary's shared memory, which C processes use at the same time with rte_malloc. It takes the same
 * locks as they do, for as short a time. Throws `ETIMEDOUT` where another process keeps a lock.
 */
export class Heap {
  readonly #space: HeapSpace;
  readonly #heaps: Heaps;

  constructor(space: HeapSpace) {
    this.#space = space;
    this.#heaps = new Heaps(space);
  }

  /**
   * Allocates a block of at least `size` bytes [rte_malloc_socket] and returns its address; `undefined` if there is no such
   * block and no pages for it. Throws `EINVAL` for an impossible size or alignment.
   */
  allocate(size: number, { socketId = SOCKET_ID_ANY, align = 1 }: AllocateOptions = {}): number | undefined {
    const { cacheLine } = this.#space.layout;
    if (!Number.isSafeInteger(size) || size <= 0 || !isPowerOfTwo(align)) {
      throw new MpError(
        'EINVAL',
        `A block of ${size} bytes aligned to ${align} is impossible: give a whole number of bytes and a power of two`,
      );
    }
    const shape = { size: ceilTo(size, cacheLine), align: Math.max(align, cacheLine), bound: 0 };
    return this.take({ ...shape, contiguous: false, flags: 0 }, socketId)?.addr;
  }

  /**
   * Frees the block at `addr` [rte_free]. Throws `EINVAL` if there is none.
   *
   * @param before removes what refers to the block, before the block is free
   */
  release(addr: number, before?: () => void): void {
    const heap = this.#heaps.holding(addr);
    this.#space.locks.heap(heap.index, () => {
      heap.requireBlock(addr);
      before?.();
      const pages = heap.free(addr);
      if (pages !== undefined) this.#giveBack(heap, pages);
    });
  }

  /** Returns the statistics of each heap in use. */
  stats(): NamedHeapStats[] {
    return this.#heaps.all().map((heap) => {
      const stats = this.#space.locks.heap(heap.index, () => heap.stats());
      return { name: heap.name, socketId: heap.socketId, ...stats };
    });
  }

  /** @internal Takes a block for a memzone from the heaps of a node, which grow if need be. */
  take(request: BlockRequest, socketId: number): Block | undefined {
    return this.#firstOf(socketId, (heap) => {
      for (const step of stepsFor(this.#heaps.words, heap, request)) {
        const block = this.#tryStep(heap, step, request);
        if (block !== undefined) return block;
      }
      return undefined;
    });
  }

  /** @internal Takes the largest block that a node's heaps have; they don't grow. */
  takeLargest(request: BlockRequest, socketId: number): Block | undefined {
    return this.#firstOf(socketId, (heap) => heap.takeLargest(request));
  }

  /** Tries the heaps of a node one after the other, each with its lock. */
  #firstOf(socketId: number, from: (heap: MallocHeap) => Block | undefined): Block | undefined {
    for (const heap of this.#heaps.ofSocket(socketId)) {
      const block = this.#space.locks.heap(heap.index, () => from(heap));
      if (block !== undefined) return block;
    }
    return undefined;
  }

  #tryStep(heap: MallocHeap, { flags, pageSize }: Step, shape: BlockRequest): Block | undefined {
    const request = { ...shape, flags };
    if (pageSize === undefined) return heap.take(request);
    if (this.#space.pages === undefined) return undefined;
    const { socketId } = heap;
    const hasGrown = this.#space.locks.hotplug(() =>
      growHeap(this.#space, heap, { socketId, pageSize, request }),
    );
    return hasGrown ? heap.take(request) : undefined;
  }

  /** Gives pages back; where that fails, the heap keeps them, and the block is free all the same. */
  #giveBack(heap: MallocHeap, pages: PageRange): void {
    const { pages: source, locks } = this.#space;
    if (source === undefined) return;
    try {
      locks.hotplug(() => releasePages(this.#space, source, pages));
    } catch (error) {
      const areThere = ListRecord.holding(this.#heaps.words, pages.addr)?.hasPages(pages) === true;
      if (areThere) heap.addPages(pages);
      if (!areThere || !(error instanceof MpError)) throw error;
    }
  }
}

/** Writes the names and nodes of EAL's own heaps [rte_eal_malloc_heap_init]. The rest of their records is zero. */
export function initHeaps(space: HeapSpace, socketIds: readonly number[]): void {
  socketIds.forEach((socketId, index) => {
    const record = new HeapRecord(new SharedWords(space), index);
    record.name = `socket_${socketId}`;
    record.socketId = socketId;
  });
}

/** Gives the pages that a primary starts with to the heap of their node [malloc_add_seg]. No other process is attached yet. */
export function addStartPages(space: HeapSpace, pages: PageRange): void {
  const heaps = new Heaps(space);
  const list = ListRecord.holding(heaps.words, pages.addr);
  const heap = heaps.all().find(({ socketId }) => socketId === list?.socketId);
  if (heap === undefined) throw corrupt('the address of new pages', pages.addr, "in a list of a heap's node");
  heap.addPages(pages);
}

/** The heaps of one `config`: `rte_mem_config.malloc_heaps`. */
export class Heaps {
  readonly words: SharedWords;
  readonly #heaps: readonly MallocHeap[];

  constructor(space: HeapSpace) {
    this.words = new SharedWords(space);
    this.#heaps = Array.from({ length: MAX_HEAPS }, (_, index) => new MallocHeap(this.words, index));
  }

  /** Returns the heaps in use. */
  all(): MallocHeap[] {
    return this.#heaps.filter(({ name }) => name !== '');
  }

  /** Returns the heap at a position in `malloc_heaps`, which growth requests name. */
  at(index: number): MallocHeap | undefined {
    const heap = this.#heaps[index];
    return heap?.name === '' ? undefined : heap;
  }

  /**
   * Returns the heaps to try for a node, in order. For any node these are EAL's own heaps, those with memory first.
   *
   * @param socketId {@link SOCKET_ID_ANY} or a node; 256 and up for heaps of external memory
   */
  ofSocket(socketId: number): MallocHeap[] {
    if (socketId !== SOCKET_ID_ANY) return this.all().filter((heap) => heap.socketId === socketId);
    const own = this.all().filter((heap) => heap.socketId < EXTERNAL_SOCKET_ID);
    return own.sort((a, b) => Number(b.totalSize > 0) - Number(a.totalSize > 0));
  }

  /** Returns the heap of the block at `addr`. Throws `EINVAL` if there is none. */
  holding(addr: number): MallocHeap {
    const record = heapOf(this.words, addr);
    const heap = this.#heaps.find((one) => one.addr === record);
    if (heap === undefined) throw noBlock(addr);
    return heap;
  }
}

/** One way to get a block. */
interface Step {
  /** Flags to search with. */
  readonly flags: number;
  /** Size of the pages that the heap grows by first; without it, the heap doesn't grow. */
  readonly pageSize?: number;
}

/**
 * Returns the ways to get a block from a heap, in the order of malloc_heap_alloc_on_heap_id: the requested page sizes
 * before others, memory of the heap before new memory, small pages before large ones.
 */
function stepsFor(words: SharedWords, heap: MallocHeap, { flags }: BlockRequest): Step[] {
  // the page size of an application's memory isn't known
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

/** Returns the page sizes of a node's lists, smallest first. */
function pageSizesOf(words: SharedWords, socketId: number): number[] {
  const lists = ListRecord.all(words).filter((list) => list.socketId === socketId && !list.external);
  return [...new Set(lists.map(({ pageSize }) => pageSize))].sort((a, b) => a - b);
}
