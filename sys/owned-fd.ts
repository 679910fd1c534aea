import { openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { closeFile } from './files.js';
import * as libc from './libc.js';

const F_DUPFD_CLOEXEC = 1030; // linux/fcntl.h

/**
 * One descriptor with one owner. It is open, handed over or closed; only the first of `take` and `close` has an
 * effect, so nothing is ever closed twice (its number may be somebody else's by then).
 */
export class OwnedFd {
  readonly fd: number;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** A close-on-exec duplicate that lives independently of `fd`, or `-errno`. */
  static duplicate(fd: number): OwnedFd | number {
    const copy = libc.fcntlInt(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? copy : new OwnedFd(copy);
  }

  /** A duplicate of each, or `-errno` and none. */
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

  /** Hands the descriptor over: the caller closes it from now on. */
  take(): number {
    this.#open = false;
    return this.fd;
  }

  /** Closes it if it is still ours; true if that closed it. */
  close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    libc.close(this.fd);
    return true;
  }
}

const O_CLOEXEC = 0o2000000; // asm-generic/fcntl.h

/**
 * Gives a descriptor to this thread, so that it ends with it. A worker that is terminated runs no code of ours; but Node
 * closes what was opened through `fs` there, so in a worker the descriptor moves to a number that `fs` has opened.
 * Returns the number that it has from now on, or `-errno` (and then it is closed).
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

/** Closes what {@link adoptByThread} has returned. */
export function closeAdopted(fd: number): void {
  if (isMainThread) libc.close(fd);
  else closeFile(fd);
}
