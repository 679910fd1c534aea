import { HEADER } from './heap-space.js';
import { corrupt, fieldsAt, isPointer, type SharedWords } from './shared-words.js';

/** enum elem_state (malloc_elem.h) */
export const ElementState = Object.freeze({ FREE: 0, BUSY: 1, PAD: 2 });

/** offsetof(struct malloc_elem, free_list): the next element, and the address of the pointer that leads here. */
export const FREE_NEXT = 24;
const STATE = 48;

/** Bits of `state` in its word; up to 21.11 `state` is the whole word, and `dirty` is never set. */
const STATE_MASK = 7;
/** Set in a free element that is not filled with zeros. */
const DIRTY = 8;

/** Alignment of headers: the smaller cache line. */
const ALIGNMENT = 64;

/** Fields of a new header. */
type NewElement = Pick<Element, 'heap' | 'list' | 'size' | 'origElem' | 'origSize' | 'dirty'>;

/**
 * The plain fields (malloc_elem.h). `list` is the address of the `struct rte_memseg_list` whose pages it is in, `pad` the
 * bytes between this header and the one that the user's block follows, `size` includes the header.
 */
const ElementFields = fieldsAt(
  {
    heap: 0,
    prev: 8,
    next: 16,
    freeNext: FREE_NEXT,
    freePrev: 32,
    list: 40,
    size: 56,
    origElem: 64,
    origSize: 72,
  },
  { pad: 52 },
);

/**
 * The header of one block, `struct malloc_elem`, read and written in place. Pointers are addresses in C processes, 0 for
 * none. The caller holds the heap's lock.
 */
export class Element extends ElementFields {
  readonly addr: number;
  readonly #words: SharedWords;

  private constructor(words: SharedWords, addr: number, header: DataView) {
    super(header);
    this.#words = words;
    this.addr = addr;
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
    element.fields.setUint32(STATE, ElementState.FREE, true);
    return Object.assign(element, { prev: 0, next: 0, freeNext: 0, freePrev: 0, pad: 0 }, fields);
  }

  /** Returns the element at a pointer of this header; `undefined` for 0. */
  neighbour(addr: number): Element | undefined {
    return addr === 0 ? undefined : Element.at(this.#words, addr);
  }

  get state(): number {
    return this.fields.getUint32(STATE, true) & STATE_MASK;
  }

  set state(state: number) {
    this.fields.setUint32(STATE, (this.fields.getUint32(STATE, true) & ~STATE_MASK) + state, true);
  }

  get dirty(): boolean {
    return (this.fields.getUint32(STATE, true) & DIRTY) !== 0;
  }

  set dirty(dirty: boolean) {
    const word = this.fields.getUint32(STATE, true) & ~DIRTY;
    this.fields.setUint32(STATE, word + (dirty ? DIRTY : 0), true);
  }

  get end(): number {
    return this.addr + this.size;
  }
}
