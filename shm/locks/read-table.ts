/** Reading tables that C processes change: with the read lock where that can be taken, else by comparing two copies. */
import { setTimeout as delay } from 'node:timers/promises';
import { LockWait, type LockWaiting, POLLS } from './lock-wait.js';
import { RWLOCK_FORMATS, type RwLock } from './rwlock.js';

/** A shared table: it can be copied into one of two buffers, and two copies can be compared. */
export interface Table<T> {
  copy(which: 0 | 1): T;
  isSame(a: T, b: T): boolean;
}

/** One attempt to copy a table; `undefined`: a writer is inside, try again. */
export interface TableLock {
  tryCopy<T>(table: Table<T>): { readonly result: T } | undefined;
}

/** Takes the read lock, as C does: every writer of the table holds it for writing. */
export function readLocked(lock: RwLock): TableLock {
  return { tryCopy: (table) => (lock.isTaken ? undefined : lock.tryRead(() => table.copy(0))) };
}

/**
 * Takes no lock, where `config` can't be written: no writer may be inside before and after, and two copies must be
 * equal. There is no sequence counter that tells more, so the caller checks an entry's fields and compares it again
 * once its pages are mapped.
 *
 * @param readWord reads the lock's word
 */
export function unlocked(readWord: () => number, format: keyof typeof RWLOCK_FORMATS): TableLock {
  const isWriteHeld = () => RWLOCK_FORMATS[format].isWriteHeld(readWord());
  return {
    tryCopy(table) {
      if (isWriteHeld()) return undefined;
      const first = table.copy(0);
      const second = table.copy(1);
      if (isWriteHeld() || !table.isSame(first, second)) return undefined;
      return { result: second };
    },
  };
}

/** Ignores the lock, which no process will release: for the tables of a dead primary. */
export const DEAD_TABLE: TableLock = Object.freeze({
  tryCopy<T>(table: Table<T>) {
    return { result: table.copy(0) };
  },
});

/** How to wait for the lock of a table. */
export interface TableWaiting extends LockWaiting {
  /** Throws once the primary is gone: a dead process never releases its lock. */
  readonly requireUsable: () => void;
}

/** Copies a table, blocking while a writer is inside. Throws `ETIMEDOUT`. */
export function readTable<T>(lock: TableLock, table: Table<T>, waiting: TableWaiting): T {
  waiting.requireUsable();
  const wait = new LockWait(waiting, POLLS);
  for (;;) {
    const found = lock.tryCopy(table);
    if (found !== undefined) return found.result;
    if (wait.block()) waiting.requireUsable();
  }
}

/** Copies a table without blocking, and parses it at once: the next copy may overwrite this one. Rejects with `ETIMEDOUT`. */
export async function readTableAsync<T, R>(
  lock: TableLock,
  table: Table<T>,
  waiting: TableWaiting,
  parse: (copy: T) => R,
): Promise<R> {
  const wait = new LockWait(waiting, 0);
  for (;;) {
    waiting.requireUsable();
    const found = lock.tryCopy(table);
    if (found !== undefined) return parse(found.result);
    await delay(wait.next());
  }
}
