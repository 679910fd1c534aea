import { holdingSignals } from '../../sys/signal-guard.js';

/** A format of `rte_rwlock_t`: what readers and writers do to its 32-bit word. */
interface RwLockFormat {
  /** Whether a reader would have to wait. */
  isTaken(word: number): boolean;
  /** Whether a writer is inside. */
  isWriteHeld(word: number): boolean;
  /** Makes one attempt of `rte_rwlock_read_lock`; returns true if it took the lock, else nothing has changed. */
  tryRead(words: Int32Array, index: number): boolean;
  /** Releases a read lock [rte_rwlock_read_unlock]. */
  release(words: Int32Array, index: number): void;
  /** Makes one attempt of `rte_rwlock_write_lock`; returns true if it took the lock, else nothing has changed. */
  tryWrite(words: Int32Array, index: number): boolean;
  /** Releases a write lock [rte_rwlock_write_unlock]. */
  releaseWrite(words: Int32Array, index: number): void;
}

/** Number of looks of a writer, which take some microseconds: most sections are over by then. */
const WRITE_POLLS = 200;

// rte_rwlock.h since 22.11
const WAIT = 1; // a writer waits
const WRITE = 2; // a writer is inside
const MASK = WAIT | WRITE;
const READ = 4; // the readers' count is above the flags

const FLAG_BITS: RwLockFormat = Object.freeze({
  isTaken: (word: number) => (word & MASK) !== 0,
  isWriteHeld: (word: number) => (word & WRITE) !== 0,
  tryRead(words: Int32Array, index: number) {
    if ((Atomics.add(words, index, READ) & MASK) === 0) return true;
    Atomics.sub(words, index, READ); // a writer was faster, and must not wait for us
    return false;
  },
  release(words: Int32Array, index: number) {
    Atomics.sub(words, index, READ);
  },
  tryWrite(words: Int32Array, index: number) {
    for (let poll = 0; poll < WRITE_POLLS; poll++) {
      const word = Atomics.load(words, index);
      if (word < WRITE && Atomics.compareExchange(words, index, word, WRITE) === word) return true;
      // else readers that overlap would keep a writer out for good
      if (word > MASK && (word & MASK) === 0) Atomics.or(words, index, WAIT);
    }
    // else readers would wait for good; another writer that waits sets the bit again
    Atomics.and(words, index, ~WAIT);
    return false;
  },
  releaseWrite(words: Int32Array, index: number) {
    Atomics.sub(words, index, WRITE);
  },
});

// rte_rwlock.h up to 22.07: -1 is a writer, anything else the number of readers
const SIGNED_COUNT: RwLockFormat = Object.freeze({
  isTaken: (word: number) => word < 0,
  isWriteHeld: (word: number) => word < 0,
  tryRead(words: Int32Array, index: number) {
    const word = Atomics.load(words, index);
    return word >= 0 && Atomics.compareExchange(words, index, word, word + 1) === word;
  },
  release(words: Int32Array, index: number) {
    Atomics.sub(words, index, 1);
  },
  tryWrite(words: Int32Array, index: number) {
    for (let poll = 0; poll < WRITE_POLLS; poll++) {
      if (Atomics.compareExchange(words, index, 0, -1) === 0) return true;
    }
    return false;
  },
  releaseWrite(words: Int32Array, index: number) {
    Atomics.store(words, index, 0);
  },
});

/** The formats, by `MemConfigLayout.rwlock`. */
export const RWLOCK_FORMATS = Object.freeze({ 'flag-bits': FLAG_BITS, 'signed-count': SIGNED_COUNT });

/** Returns `config` as words, which its locks are. */
export function wordsOf({ buffer, byteOffset, byteLength }: DataView): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength >> 2);
}

/** One `rte_rwlock_t` in memory that C processes share. */
export class RwLock {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #format: RwLockFormat;

  /** @param offset byte offset of the lock in `words`' memory */
  constructor(words: Int32Array, offset: number, format: keyof typeof RWLOCK_FORMATS) {
    this.#words = words;
    this.#index = offset / Int32Array.BYTES_PER_ELEMENT;
    this.#format = RWLOCK_FORMATS[format];
  }

  get isTaken(): boolean {
    return this.#format.isTaken(Atomics.load(this.#words, this.#index));
  }

  get isWriteHeld(): boolean {
    return this.#format.isWriteHeld(Atomics.load(this.#words, this.#index));
  }

  /**
   * Runs `section` with the read lock, or returns `undefined` at once if a writer has it. The lock has no owner: a process
   * that dies with it blocks every other process for good. So the section is synchronous, an exception releases the lock,
   * and signals that would end the process wait until it is released.
   */
  tryRead<T>(section: () => T): { readonly result: T } | undefined {
    return holdingSignals(() => {
      if (!this.#format.tryRead(this.#words, this.#index)) return undefined;
      try {
        return { result: section() };
      } finally {
        this.#format.release(this.#words, this.#index);
      }
    });
  }

  /** Makes one attempt to take the lock for writing. The caller holds signals, and releases the lock whatever happens. */
  tryWrite(): boolean {
    return this.#format.tryWrite(this.#words, this.#index);
  }

  releaseWrite(): void {
    this.#format.releaseWrite(this.#words, this.#index);
  }
}
