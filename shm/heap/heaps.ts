import { MAX_HEAPS } from '../layout/releases.js';
import { HeapRecord } from './heap-record.js';
import { EXTERNAL_SOCKET_ID, type HeapSpace, SOCKET_ID_ANY } from './heap-space.js';
import { ListRecord } from './list-record.js';
import { heapOf, MallocHeap, noBlock } from './malloc-heap.js';
import type { PageRange } from './page-release.js';
import { corrupt, SharedWords } from './shared-words.js';

/** Names EAL's own heaps and gives them their nodes: rte_eal_malloc_heap_init. The rest of their records is zero. */
export function initHeaps(space: HeapSpace, socketIds: readonly number[]): void {
  socketIds.forEach((socketId, index) => {
    const record = new HeapRecord(new SharedWords(space), index);
    record.name = `socket_${socketId}`;
    record.socketId = socketId;
  });
}

/** Gives the pages that a primary starts with to the heap of their node: malloc_add_seg. Nobody else is there yet. */
export function addRun(space: HeapSpace, pages: PageRange): void {
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

  /** Those in use. */
  all(): MallocHeap[] {
    return this.#heaps.filter(({ name }) => name !== '');
  }

  /** By its position in `malloc_heaps`, which growth requests name. */
  at(index: number): MallocHeap | undefined {
    const heap = this.#heaps[index];
    return heap?.name === '' ? undefined : heap;
  }

  /**
   * The heaps to try for a node, in this order. For any node: EAL's own heaps, those with memory first.
   *
   * @param socketId {@link SOCKET_ID_ANY} or a node; 256 and up for heaps of external memory
   */
  ofSocket(socketId: number): MallocHeap[] {
    if (socketId !== SOCKET_ID_ANY) return this.all().filter((heap) => heap.socketId === socketId);
    const own = this.all().filter((heap) => heap.socketId < EXTERNAL_SOCKET_ID);
    return own.sort((a, b) => Number(b.totalBytes > 0) - Number(a.totalBytes > 0));
  }

  /** The heap that the block at `addr` is of; `EINVAL` if there is none. */
  holding(addr: number): MallocHeap {
    const record = heapOf(this.words, addr);
    const heap = this.#heaps.find((one) => one.addr === record);
    if (heap === undefined) throw noBlock(addr);
    return heap;
  }
}
