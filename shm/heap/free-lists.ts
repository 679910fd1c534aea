import type { MemConfigLayout } from '../layout/releases.js';
import { Element, FREE_NEXT } from './element.js';
import type { HeapRecord } from './heap-record.js';
import { FREE_LISTS, HEADER } from './heap-space.js';
import { corrupt, type SharedWords } from './shared-words.js';

/** MALLOC_MINSIZE_LOG2 and MALLOC_LOG2_INCREMENT (malloc_elem.c): list 0 ends at 256, each further one is 4 times as long. */
const FIRST_LOG2 = 8;
const LOG2_STEP = 2;
/** No chain is longer: what goes on behind runs in a circle. */
const MAX_ELEMENTS = 2 ** 24;

/** Which free list blocks of `size` bytes (without header) are in: malloc_elem_free_list_index. */
export function freeListIndex(size: number, { freeListBias }: Pick<MemConfigLayout, 'freeListBias'>): number {
  const bits = bitLength(size - freeListBias);
  if (bits <= FIRST_LOG2) return 0;
  return Math.min(FREE_LISTS - 1, Math.floor((bits - FIRST_LOG2 + LOG2_STEP - 1) / LOG2_STEP));
}

/** How many binary digits a number has; 0 for 0 and below. */
function bitLength(value: number): number {
  if (value <= 0) return 0;
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}

/** A heap's free elements, in lists by size that begin in its record (`LIST_HEAD` of sys/queue.h). */
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

  /** The free elements in the order in which C looks at them, from the list for blocks of `size` bytes on. */
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
