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
