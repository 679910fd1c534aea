import type { RWLOCK_FORMATS, RwLock } from './rwlock.js';

/** How to look at a shared table: copy it out, into one of two buffers, and compare two copies. */
export interface Look<T> {
  copy(which: 0 | 1): T;
  isSame(a: T, b: T): boolean;
}

/** Reads tables that C processes change meanwhile; `undefined`: not now, try again. */
export interface TableLock {
  tryLook<T>(look: Look<T>): { readonly result: T } | undefined;
}

/** With the read lock, as C does: every writer of the table holds it for writing. */
export class ReadLockedTable implements TableLock {
  readonly #lock: RwLock;

  constructor(lock: RwLock) {
    this.#lock = lock;
  }

  tryLook<T>(look: Look<T>): { readonly result: T } | undefined {
    return this.#lock.isTaken ? undefined : this.#lock.tryRead(() => look.copy(0));
  }
}

/**
 * Without taking the lock, where `config` can't be written: no writer inside before and after, and two equal copies in
 * between. That is all one can do (there is no sequence counter), so whoever uses an entry checks its fields, too, and
 * compares it again once its pages are mapped.
 */
export class UnlockedTable implements TableLock {
  readonly #word: () => number;
  readonly #format: (typeof RWLOCK_FORMATS)[keyof typeof RWLOCK_FORMATS];

  constructor(word: () => number, format: (typeof RWLOCK_FORMATS)[keyof typeof RWLOCK_FORMATS]) {
    this.#word = word;
    this.#format = format;
  }

  tryLook<T>(look: Look<T>): { readonly result: T } | undefined {
    if (this.#isWriteHeld()) return undefined;
    const first = look.copy(0);
    const second = look.copy(1);
    if (this.#isWriteHeld() || !look.isSame(first, second)) return undefined;
    return { result: second };
  }

  #isWriteHeld(): boolean {
    return this.#format.isWriteHeld(this.#word());
  }
}

/** A dead primary's tables: whatever its locks say, nobody will ever release them. */
export const DEAD_TABLE: TableLock = Object.freeze({
  tryLook<T>(look: Look<T>) {
    return { result: look.copy(0) };
  },
});
