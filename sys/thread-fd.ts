import { openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { closeFile } from './close-file.js';
import * as libc from './libc.js';

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
