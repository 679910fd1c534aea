import { constants, openSync, rmSync } from 'node:fs';
import { closeFile } from '../../sys/close-file.js';
import { tryFlock } from '../../sys/file-lock.js';
import { fileError } from '../errors.js';

/** Whether a process says with a `flock` that it uses this file; `undefined`: there is none. Throws where we may not look. */
export function isInUse(path: string): boolean | undefined {
  return whileOpen(path, (isFree) => !isFree);
}

/** Removes a file that nobody has locked: what EAL does with those that it finds at its start. */
export function removeUnused(path: string): void {
  whileOpen(path, (isFree) => {
    if (isFree) rmSync(path, { force: true });
  });
}

/** Our own lock is held meanwhile. Secondaries that end, or begin, remove such files, too: one that is gone is all right. */
function whileOpen<T>(path: string, action: (isFree: boolean) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path, 'Cannot open');
  }
  try {
    return action(tryFlock(fd, 'exclusive') === 0);
  } finally {
    closeFile(fd);
  }
}
