import type { MemConfigLayout } from '../layout/releases.js';
import { Element, FREE_NEXT } from './element.js';
import { FREE_LISTS, HEADER } from './heap-space.js';
import { corrupt, fieldsAt, readPointer, type SharedWords, writePointer } from './shared-words.js';

// offsets in struct malloc_heap (malloc_heap.h)
const FREE_HEADS = 8;
const NAME = 144;
const NAME_SIZE = 32; // RTE_HEAP_NAME_MAX_LEN
const POINTER = 8;
const HeapFields = fieldsAt({ first: 112, last: 120, totalSize: 136 }, { allocCount: 128, socketId: 132 });

/** One `struct malloc_heap` of `rte_mem_config`; its lock is the word at its beginning. */
export class HeapRecord extends HeapFields {
  readonly index: number;
  /** Its address in C processes, which the header of each element repeats. */
  readonly addr: number;

  constructor(words: SharedWords, index: number) {
    const { layout, configAddress } = words.space;
    const addr = configAddress + layout.offsets.mallocHeaps + index * layout.mallocHeapSize;
    super(words.view(addr, layout.mallocHeapSize));
    this.index = index;
    this.addr = addr;
  }

  /** Returns the address of the head of a free list. */
  headAddr(list: number): number {
    return this.addr + FREE_HEADS + list * POINTER;
  }

  /** Returns the address of the first element of a free list; 0 for none. */
  head(list: number): number {
    return list < FREE_LISTS ? readPointer(this.fields, FREE_HEADS + list * POINTER) : 0;
  }

  setHead(list: number, addr: number): void {
    writePointer(this.fields, FREE_HEADS + list * POINTER, addr);
  }

  /** `socket_0` and so on for EAL's own heaps; empty for a heap that isn't in use. */
  get name(): string {
    const bytes = Buffer.from(this.fields.buffer, this.fields.byteOffset + NAME, NAME_SIZE);
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end < 0 ? NAME_SIZE : end);
  }

  set name(name: string) {
    const bytes = Buffer.from(this.fields.buffer, this.fields.byteOffset + NAME, NAME_SIZE);
    bytes.fill(0);
    bytes.write(name, 0, NAME_SIZE - 1, 'latin1');
  }
}

/** MALLOC_MINSIZE_LOG2 and MALLOC_LOG2_INCREMENT (malloc_elem.c): list 0 ends at 256 bytes, each further one 4 times as high. */
const FIRST_LOG2 = 8;
const LOG2_STEP = 2;
/** No free list is longer: one that goes on runs in a circle. */
const MAX_ELEMENTS = 2 ** 24;

/** Returns the free list of blocks of `size` bytes, without header [malloc_elem_free_list_index]. */
export function freeListIndex(size: number, { freeListBias }: Pick<MemConfigLayout, 'freeListBias'>): number {
  const bits = bitLength(size - freeListBias);
  if (bits <= FIRST_LOG2) return 0;
  return Math.min(FREE_LISTS - 1, Math.floor((bits - FIRST_LOG2 + LOG2_STEP - 1) / LOG2_STEP));
}

/** Returns how many binary digits a number has; 0 for 0 and below. */
function bitLength(value: number): number {
  if (value <= 0) return 0;
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}

/** The free elements of a heap, in lists by size whose heads are in its record (`LIST_HEAD` of sys/queue.h). */
export class FreeLists {
  readonly #words: SharedWords;
  readonly #record: HeapRecord;

  constructor(words: SharedWords, record: HeapRecord) {
    this.#words = words;
    this.#record = record;
  }

  /** Puts a free element at the head of the list of its size. */
  insert(element: Element): void {
    const list = freeListIndex(element.size - HEADER, this.#words.space.layout);
    const next = element.neighbour(this.#record.head(list));
    element.freeNext = next?.addr ?? 0;
    element.freePrev = this.#record.headAddr(list);
    if (next !== undefined) next.freePrev = element.addr + FREE_NEXT;
    this.#record.setHead(list, element.addr);
  }

  remove(element: Element): void {
    const next = element.neighbour(element.freeNext);
    if (next !== undefined) next.freePrev = element.freePrev;
    this.#words.setPointer(element.freePrev, element.freeNext);
  }

  /** Yields the free elements in C's order, from the list for blocks of `size` bytes on. */
  *from(size: number): Generator<Element> {
    for (let list = freeListIndex(size, this.#words.space.layout); list < FREE_LISTS; list++)
      yield* this.list(list);
  }

  *list(list: number): Generator<Element> {
    let addr = this.#record.head(list);
    for (let count = 0; addr !== 0; count++) {
      if (count === MAX_ELEMENTS) throw corrupt('a free list', addr, 'an end');
      const element = Element.at(this.#words, addr);
      yield element;
      addr = element.freeNext;
    }
  }
}
