import { constants, openSync } from 'node:fs';
import { closeFile } from './files.js';
import * as libc from './libc.js';

// sys/file.h
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const OPERATIONS = Object.freeze({ shared: LOCK_SH, exclusive: LOCK_EX });

/**
 * Takes a `flock(2)`, or changes the kind of the one that is held, without waiting. Returns 0, `-EAGAIN` or another
 * `-errno`. The lock lasts until every copy of `fd` is closed and everything that was mapped through it is unmapped.
 */
export function tryFlock(fd: number, kind: 'shared' | 'exclusive'): number {
  return libc.flock(fd, OPERATIONS[kind] | LOCK_NB);
}

/** Drops the `flock` now, although mappings may keep the file open. */
export function dropFlock(fd: number): void {
  libc.flock(fd, LOCK_UN); // can't fail on a descriptor that is open
}

/** A `flock(2)` on a directory that is held until `release`. */
export class FileLock {
  readonly #fd: number;
  #held = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Takes the lock without waiting; returns `-EAGAIN` if another process holds it. Throws what `fs.openSync` throws. */
  static tryLock(path: string, kind: 'shared' | 'exclusive'): FileLock | number {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const result = tryFlock(fd, kind);
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
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;
const SEEK_SET = 0; // stdio.h
const WHOLE_FILE = 0n; // as l_len
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
  /** Pid of its owner; -1 for an open-file-description lock, 0 for a process outside our pid namespace. */
  readonly pid: number;
}

/** Returns the first lock of another process that keeps this one from write-locking the file; `undefined` for none, or `-errno`. */
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

/**
 * Write-locks bytes of the file; conflicts with POSIX locks and with open-file-description locks. Returns 0, `-EAGAIN` or
 * another `-errno`. The lock belongs to the open file description: unlike a POSIX lock, it doesn't go away when this
 * process closes the file elsewhere.
 */
export function tryRecordLock(fd: number, start: number, length: number): number {
  return setRecordLock(fd, F_WRLCK, start, length);
}

/** Drops all record locks of `fd` now, although mappings may keep the file open. */
export function dropRecordLock(fd: number): void {
  setRecordLock(fd, F_UNLCK, 0, 0); // can't fail on a descriptor that is open; length 0 is up to the end
}

function setRecordLock(fd: number, type: number, start: number, length: number): number {
  const lock = Buffer.alloc(FLOCK_SIZE);
  lock.writeInt16LE(type, L_TYPE);
  lock.writeBigInt64LE(BigInt(start), L_START);
  lock.writeBigInt64LE(BigInt(length), L_LEN);
  return Math.min(0, libc.fcntlLock(fd, F_OFD_SETLK, lock));
}
