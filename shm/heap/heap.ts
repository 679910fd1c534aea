import { MpError } from '../../protocol/errors.js';
import { ceilTo, isPowerOfTwo } from './fit.js';
import { growHeap, releasePages } from './growth.js';
import { type HeapSpace, SOCKET_ID_ANY } from './heap-space.js';
import { Heaps } from './heaps.js';
import { ListRecord } from './list-record.js';
import type { Block, BlockRequest, HeapStats, MallocHeap } from './malloc-heap.js';
import type { PageRange } from './page-release.js';
import { type Step, stepsFor } from './steps.js';

/** How to allocate a block. */
export interface AllocateOptions {
  /** NUMA node; any by default. */
  readonly socketId?: number | undefined;
  /** A power of two, in bytes; a cache line by default and at least. */
  readonly align?: number | undefined;
}

/** The statistics of one heap. */
export interface NamedHeapStats extends HeapStats {
  readonly name: string;
  readonly socketId: number;
}

/**
 * The allocator of a primary's shared memory, which C processes use at the same time: rte_malloc. It takes the locks that
 * they take, for as short; `ETIMEDOUT` when one isn't to be had.
 */
export class Heap {
  readonly #space: HeapSpace;
  readonly #heaps: Heaps;

  constructor(space: HeapSpace) {
    this.#space = space;
    this.#heaps = new Heaps(space);
  }

  /**
   * The address of a block of `size` bytes at least [rte_malloc_socket]; `undefined` if there is none, and there are no
   * pages for it. `EINVAL` for a size or an alignment that can't be.
   */
  allocate(size: number, { socketId = SOCKET_ID_ANY, align = 1 }: AllocateOptions = {}): number | undefined {
    const { cacheLine } = this.#space.layout;
    if (!Number.isSafeInteger(size) || size <= 0 || !isPowerOfTwo(align)) {
      throw new MpError(
        'EINVAL',
        `There are no blocks of ${size} bytes aligned to ${align}: give a whole number and a power of two`,
      );
    }
    const shape = { size: ceilTo(size, cacheLine), align: Math.max(align, cacheLine), bound: 0 };
    return this.take({ ...shape, contiguous: false, flags: 0 }, socketId)?.addr;
  }

  /**
   * Frees the block at `addr` [rte_free]; `EINVAL` if there is none.
   *
   * @param before what nobody may see any more once the block is free
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

  /** One for each heap in use. */
  stats(): NamedHeapStats[] {
    return this.#heaps.all().map((heap) => {
      const stats = this.#space.locks.heap(heap.index, () => heap.stats());
      return { name: heap.name, socketId: heap.socketId, ...stats };
    });
  }

  /** @internal A block as memzones need it: from the heaps of a node, which grow if need be. */
  take(request: BlockRequest, socketId: number): Block | undefined {
    return this.#firstOf(socketId, (heap) => {
      for (const step of stepsFor(this.#heaps.words, heap, request)) {
        const block = this.#tryStep(heap, step, request);
        if (block !== undefined) return block;
      }
      return undefined;
    });
  }

  /** @internal The largest block that a node's heaps have; they don't grow. */
  takeLargest(request: BlockRequest, socketId: number): Block | undefined {
    return this.#firstOf(socketId, (heap) => heap.takeLargest(request));
  }

  /** The heaps of a node one after the other, each with its lock. */
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

  /** The heap keeps them where others don't let us: the block is free all the same. */
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
