import { lstatSync, unlinkSync } from 'node:fs';

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

/** Removes a name whose absence is just as good. */
export function tryUnlink(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // Gone already, or not ours to remove: either way nothing is left to do.
    if (!isErrno(error)) throw error;
  }
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error;
}
