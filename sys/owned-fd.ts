import { openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { closeFile } from './files.js';
import * as libc from './libc.js';

const F_DUPFD_CLOEXEC = 1030; // linux/fcntl.h

/**
 * One descriptor with one owner. It is open, handed over or closed; only the first call of `take` or `close` has an
 * effect. So it is never closed twice, when its number may be another descriptor's.
 */
export class OwnedFd {
  readonly fd: number;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Returns a close-on-exec duplicate that stays open when `fd` is closed, or `-errno`. */
  static duplicate(fd: number): OwnedFd | number {
    const copy = libc.fcntlInt(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? copy : new OwnedFd(copy);
  }

  /** Returns a duplicate of each, or `-errno` without any. */
  static duplicateAll(fds: readonly number[]): OwnedFd[] | number {
    const copies: OwnedFd[] = [];
    for (const fd of fds) {
      const copy = OwnedFd.duplicate(fd);
      if (typeof copy === 'number') {
        for (const made of copies) made.close();
        return copy;
      }
      copies.push(copy);
    }
    return copies;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Hands the descriptor over: the caller closes it. */
  take(): number {
    this.#open = false;
    return this.fd;
  }

  /** Closes it unless it was closed or handed over before; returns whether it did. */
  close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    libc.close(this.fd);
    return true;
  }
}

const O_CLOEXEC = 0o2000000; // asm-generic/fcntl.h

/**
 * Ties a descriptor to this thread, so that it is closed when the thread ends. A worker that is terminated runs no code of
 * ours, but Node closes what `fs` opened there: so in a worker the descriptor moves to a number that `fs` has opened.
 * Returns its new number, or `-errno` after closing it.
 */
export function adoptByThread(fd: number): number {
  if (isMainThread) return fd;
  let tracked: number;
  try {
    tracked = openSync('/dev/null', 'r');
  } catch (error) {
    libc.close(fd);
    return (error as NodeJS.ErrnoException).errno ?? -1;
  }
  const result = libc.dup3(fd, tracked, O_CLOEXEC);
  libc.close(fd);
  if (result >= 0) return tracked;
  closeFile(tracked);
  return result;
}

/** Closes a descriptor that {@link adoptByThread} returned. */
export function closeAdopted(fd: number): void {
  if (isMainThread) libc.close(fd);
  else closeFile(fd);
}
