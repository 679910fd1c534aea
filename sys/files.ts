import { closeSync, lstatSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { ignoringErrno } from './errors.js';

/** The socket files of this thread that are still there, with their inodes. */
const files = new Map<string, number>();
let registered = false;

/** Remembers a socket file just bound, so that it goes away at process exit if {@link removeSocketFile} never comes. */
export function ownSocketFile(path: string): void {
  const inode = inodeOf(path);
  if (inode === undefined) return;
  files.set(path, inode);
  if (registered) return;
  registered = true;
  process.on('exit', () => {
    for (const left of files.keys()) removeSocketFile(left);
  });
}

/** Removes a socket file unless another process has taken its name over. */
export function removeSocketFile(path: string): void {
  const inode = files.get(path);
  files.delete(path);
  if (inode !== undefined && inodeOf(path) === inode) tryUnlink(path);
}

/** Removes a name whose absence is just as good: gone already, or not ours to remove any more. */
export function tryUnlink(path: string): void {
  ignoringErrno(() => unlinkSync(path));
}

/** Removes a directory that a failed start has left empty. */
export function removeIfEmpty(path: string): void {
  ignoringErrno(() => rmdirSync(path));
}

/** `lstat`; `undefined` where there is nothing, or nothing that we may see. */
export function lstatIfSeen(path: string): Stats | undefined {
  return ignoringErrno(() => lstatSync(path));
}

function inodeOf(path: string): number | undefined {
  return lstatIfSeen(path)?.ino;
}

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
