import { Element, ElementState } from './element.js';
import type { FreeLists, HeapRecord } from './heap-record.js';
import { HEADER } from './heap-space.js';
import type { SharedWords } from './shared-words.js';

/** The elements of a heap in the order of their addresses. They cover its pages without a gap. */
export class Chain {
  readonly #words: SharedWords;
  readonly #record: HeapRecord;
  readonly #freeLists: FreeLists;

  constructor(words: SharedWords, record: HeapRecord, freeLists: FreeLists) {
    this.#words = words;
    this.#record = record;
    this.#freeLists = freeLists;
  }

  /** Links a new element in [malloc_elem_insert]; searches its place from the nearer end of the chain. */
  insert(element: Element): void {
    const [prev, next] = this.#placeOf(element.addr);
    element.prev = prev?.addr ?? 0;
    element.next = next?.addr ?? 0;
    this.#linkNext(prev, element.addr);
    this.#linkPrev(next, element.addr);
  }

  /** Takes an element out: its memory no longer belongs to the heap. */
  remove(element: Element): void {
    this.#linkNext(element.neighbour(element.prev), element.next);
    this.#linkPrev(element.neighbour(element.next), element.prev);
  }

  /** Cuts an element in two; returns the upper part, which is free and in no list yet. */
  split(element: Element, at: number): Element {
    const { heap, list, origElem, origSize, dirty } = element;
    const size = element.end - at;
    const upper = Element.create(this.#words, at, { heap, list, size, origElem, origSize, dirty });
    upper.prev = element.addr;
    upper.next = element.next;
    this.#linkPrev(element.neighbour(element.next), at);
    element.next = at;
    this.#resize(element, at - element.addr);
    return upper;
  }

  /**
   * Joins a free element, which is in no list, with its free neighbours, which leave theirs. Fills the headers that it
   * removes with zeros, as all free memory is zero.
   */
  joinFree(element: Element): Element {
    const next = element.neighbour(element.next);
    if (next !== undefined && isFree(next) && areAdjacent(element, next)) {
      this.#freeLists.remove(next);
      this.#join(element, next);
    }
    const prev = element.neighbour(element.prev);
    if (prev === undefined || !isFree(prev) || !areAdjacent(prev, element)) return element;
    this.#freeLists.remove(prev);
    this.#join(prev, element);
    return prev;
  }

  #join(lower: Element, upper: Element): void {
    const header = HEADER + upper.pad;
    this.#linkPrev(upper.neighbour(upper.next), lower.addr);
    lower.next = upper.next;
    lower.dirty ||= upper.dirty;
    this.#resize(lower, lower.size + upper.size);
    this.#words.zero(upper.addr, header);
  }

  /** A block's padding has a second header, which repeats the size, counted from itself. */
  #resize(element: Element, size: number): void {
    element.size = size;
    if (element.pad > 0) Element.at(this.#words, element.addr + element.pad).size = size - element.pad;
  }

  #linkNext(prev: Element | undefined, addr: number): void {
    if (prev === undefined) this.#record.first = addr;
    else prev.next = addr;
  }

  #linkPrev(next: Element | undefined, addr: number): void {
    if (next === undefined) this.#record.last = addr;
    else next.prev = addr;
  }

  #placeOf(addr: number): [Element | undefined, Element | undefined] {
    const { first, last } = this.#record;
    if (first === 0) return [undefined, undefined];
    const isFirstNearer = addr - first < last - addr;
    let prev = isFirstNearer ? undefined : Element.at(this.#words, last);
    let next = isFirstNearer ? Element.at(this.#words, first) : undefined;
    for (; next !== undefined && next.addr < addr; next = next.neighbour(next.next)) prev = next;
    for (; prev !== undefined && prev.addr > addr; prev = prev.neighbour(prev.prev)) next = prev;
    return [prev, next];
  }
}

function isFree(element: Element): boolean {
  return element.state === ElementState.FREE;
}

/** Whether two elements may be joined: they touch, and their pages are of the same list. */
function areAdjacent(lower: Element, upper: Element): boolean {
  return lower.end === upper.addr && lower.list === upper.list;
}
