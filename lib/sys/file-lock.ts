import { constants, openSync } from 'node:fs';
import { closeFile } from './close-file.js';
import * as libc from './libc.js';

// sys/file.h
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** A `flock(2)` on a directory that is held until `release`. */
export class FileLock {
  readonly #fd: number;
  #held = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Takes the lock if that needs no waiting; `-EAGAIN` if somebody else holds it. Throws as `fs.openSync` does. */
  static tryLock(path: string, kind: 'shared' | 'exclusive'): FileLock | number {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const result = libc.flock(fd, (kind === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB);
    if (result === 0) return new FileLock(fd);
    closeFile(fd);
    return result;
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    closeFile(this.#fd); // nothing else shares the open file description, so this drops the lock
  }
}

const F_GETLK = 5; // asm-generic/fcntl.h
const F_WRLCK = 1;
const F_UNLCK = 2;
const SEEK_SET = 0; // stdio.h
const WHOLE_FILE = 0n; // of l_len
// struct flock, 64-bit
const L_TYPE = 0;
const L_WHENCE = 2;
const L_START = 8;
const L_LEN = 16;
const L_PID = 24;
const FLOCK_SIZE = 32;

const memory = new ArrayBuffer(FLOCK_SIZE);
const lock = new DataView(memory);
let address: number | undefined;

/** A record lock that another process holds; see {@link recordLockOn}. */
export interface RecordLock {
  readonly start: number;
  /** Its owner; -1 for an open-file-description lock, 0 for a process outside our pid namespace. */
  readonly pid: number;
}

/** The first lock of another process that would keep us from write-locking the file `fd`, if there is one. */
export function recordLockOn(fd: number): RecordLock | undefined | number {
  lock.setInt16(L_TYPE, F_WRLCK, true);
  lock.setInt16(L_WHENCE, SEEK_SET, true);
  lock.setBigInt64(L_START, 0n, true);
  lock.setBigInt64(L_LEN, WHOLE_FILE, true);
  address ??= libc.addressOf(memory);
  const result = libc.fcntlLock(fd, F_GETLK, address);
  if (result < 0) return result;
  if (lock.getInt16(L_TYPE, true) === F_UNLCK) return undefined;
  return { start: Number(lock.getBigInt64(L_START, true)), pid: lock.getInt32(L_PID, true) };
}
