const FREE = 0;
const TAKEN = 1;
/** Some microseconds: C holds a heap's lock for so long, unless the heap grows. */
const POLLS = 200;

/** `rte_spinlock_t` (rte_spinlock.h): a word that is 1 while somebody has it. */
export class Spinlock {
  readonly #words: Int32Array;
  readonly #index: number;

  /** @param offset byte offset of the lock in `words`' memory */
  constructor(words: Int32Array, offset: number) {
    this.#words = words;
    this.#index = offset / Int32Array.BYTES_PER_ELEMENT;
  }

  get isWriteHeld(): boolean {
    return Atomics.load(this.#words, this.#index) !== FREE;
  }

  /** One attempt; whoever gets the lock holds signals, and releases it whatever happens. */
  tryWrite(): boolean {
    for (let poll = 0; poll < POLLS; poll++) {
      if (Atomics.load(this.#words, this.#index) !== FREE) continue;
      if (Atomics.compareExchange(this.#words, this.#index, FREE, TAKEN) === FREE) return true;
    }
    return false;
  }

  releaseWrite(): void {
    Atomics.store(this.#words, this.#index, FREE);
  }
}
