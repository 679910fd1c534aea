import { HEADER } from './heap-space.js';
import { corrupt, isPointer, readPointer, type SharedWords, writePointer } from './shared-words.js';

/** enum elem_state (malloc_elem.h) */
export const ElementState = Object.freeze({ FREE: 0, BUSY: 1, PAD: 2 });

// offsets in struct malloc_elem (malloc_elem.h)
const HEAP = 0;
const PREV = 8;
const NEXT = 16;
/** Links of the free list: the next element, and the address of the pointer that leads here. */
export const FREE_NEXT = 24;
const FREE_PREV = 32;
const LIST = 40;
const STATE = 48;
const PAD = 52;
const SIZE = 56;
const ORIG_ELEM = 64;
const ORIG_SIZE = 72;

/** Bits of `state` in its word; up to 21.11 `state` is the whole word, and `dirty` is never set. */
const STATE_MASK = 7;
/** Set in a free element that is not filled with zeros. */
const DIRTY = 8;

/** Alignment of headers: the smaller cache line. */
const ALIGNMENT = 64;

/** Fields of a new header. */
export interface NewElement {
  readonly heap: number;
  readonly list: number;
  readonly size: number;
  readonly origElem: number;
  readonly origSize: number;
  readonly dirty: boolean;
}

/**
 * The header of one block, `struct malloc_elem`, read and written in place. Pointers are addresses in C processes, 0 for
 * none. The caller holds the heap's lock.
 */
export class Element {
  readonly addr: number;
  readonly #words: SharedWords;
  readonly #header: DataView;

  private constructor(words: SharedWords, addr: number, header: DataView) {
    this.#words = words;
    this.addr = addr;
    this.#header = header;
  }

  /** Throws `ELAYOUT` for an address where no header can be. */
  static at(words: SharedWords, addr: number): Element {
    if (!isPointer(addr) || addr % ALIGNMENT !== 0) {
      throw corrupt('the address of a malloc_elem', addr, `a multiple of ${ALIGNMENT}`);
    }
    return new Element(words, addr, words.view(addr, HEADER));
  }

  /** Writes the header of a free element that is in no list yet [malloc_elem_init]. */
  static create(words: SharedWords, addr: number, fields: NewElement): Element {
    const element = Element.at(words, addr);
    const header = element.#header;
    for (const offset of [PREV, NEXT, FREE_NEXT, FREE_PREV]) writePointer(header, offset, 0);
    writePointer(header, HEAP, fields.heap);
    writePointer(header, LIST, fields.list);
    writePointer(header, SIZE, fields.size);
    writePointer(header, ORIG_ELEM, fields.origElem);
    writePointer(header, ORIG_SIZE, fields.origSize);
    header.setUint32(STATE, ElementState.FREE + (fields.dirty ? DIRTY : 0), true);
    header.setUint32(PAD, 0, true);
    return element;
  }

  /** Returns the element at a pointer of this header; `undefined` for 0. */
  neighbour(addr: number): Element | undefined {
    return addr === 0 ? undefined : Element.at(this.#words, addr);
  }

  get heap(): number {
    return readPointer(this.#header, HEAP);
  }

  get prev(): number {
    return readPointer(this.#header, PREV);
  }

  set prev(addr: number) {
    writePointer(this.#header, PREV, addr);
  }

  get next(): number {
    return readPointer(this.#header, NEXT);
  }

  set next(addr: number) {
    writePointer(this.#header, NEXT, addr);
  }

  get freeNext(): number {
    return readPointer(this.#header, FREE_NEXT);
  }

  set freeNext(addr: number) {
    writePointer(this.#header, FREE_NEXT, addr);
  }

  /** The address of the pointer that leads here. */
  get freePrev(): number {
    return readPointer(this.#header, FREE_PREV);
  }

  set freePrev(addr: number) {
    writePointer(this.#header, FREE_PREV, addr);
  }

  /** Address of the `struct rte_memseg_list` whose pages it is in. */
  get list(): number {
    return readPointer(this.#header, LIST);
  }

  get state(): number {
    return this.#header.getUint32(STATE, true) & STATE_MASK;
  }

  set state(state: number) {
    this.#header.setUint32(STATE, (this.#header.getUint32(STATE, true) & ~STATE_MASK) + state, true);
  }

  get dirty(): boolean {
    return (this.#header.getUint32(STATE, true) & DIRTY) !== 0;
  }

  set dirty(dirty: boolean) {
    const word = this.#header.getUint32(STATE, true) & ~DIRTY;
    this.#header.setUint32(STATE, word + (dirty ? DIRTY : 0), true);
  }

  /** Bytes between this header and the one that the user's block follows. */
  get pad(): number {
    return this.#header.getUint32(PAD, true);
  }

  set pad(bytes: number) {
    this.#header.setUint32(PAD, bytes, true);
  }

  /** Size in bytes, header included. */
  get size(): number {
    return readPointer(this.#header, SIZE);
  }

  set size(bytes: number) {
    writePointer(this.#header, SIZE, bytes);
  }

  get origElem(): number {
    return readPointer(this.#header, ORIG_ELEM);
  }

  get origSize(): number {
    return readPointer(this.#header, ORIG_SIZE);
  }

  get end(): number {
    return this.addr + this.size;
  }
}
