import { closeSync } from 'node:fs';

/**
 * Closes a descriptor that `node:fs` opened. Linux frees it even where `close` reports an error (EINTR, or EIO of an earlier
 * write by somebody else), so there is nothing to do about one: thrown, it would keep the rest from being closed.
 */
export function closeFile(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') throw error; // a mistake of ours: closed twice
  }
}
