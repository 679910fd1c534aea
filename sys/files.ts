import { closeSync, lstatSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { EINTR, ENOENT, ENOTDIR, ignoringErrno } from './errors.js';
import * as libc from './libc.js';

/** The socket files of this thread that still exist, with their inodes. */
const files = new Map<string, number>();
let registered = false;

/** Remembers a socket file just bound: the process removes it at its exit unless {@link removeSocketFile} was called. */
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

/** Removes a socket file unless another process has bound a socket of the same path since. */
export function removeSocketFile(path: string): void {
  const inode = files.get(path);
  files.delete(path);
  if (inode !== undefined && inodeOf(path) === inode) tryUnlink(path);
}

/** Removes a file; does nothing where it is gone already or this user may not remove it. */
export function tryUnlink(path: string): void {
  ignoringErrno(() => unlinkSync(path));
}

/** Removes a directory that a failed start has left empty. */
export function removeIfEmpty(path: string): void {
  ignoringErrno(() => rmdirSync(path));
}

/** Calls `lstat`; `undefined` where there is no file, or this user may not see it. */
export function lstatIfSeen(path: string): Stats | undefined {
  return ignoringErrno(() => lstatSync(path));
}

function inodeOf(path: string): number | undefined {
  return lstatIfSeen(path)?.ino;
}

/**
 * Closes a descriptor that `node:fs` opened. Ignores errors of `close` (EINTR, or EIO of an earlier write): Linux frees the
 * descriptor all the same, and an exception would keep the caller from closing the rest.
 */
export function closeFile(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') throw error; // a bug of this library: closed twice
  }
}

const AT_FDCWD = -100; // linux/fcntl.h
const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_INO = 0x100; // linux/stat.h
const STATX_CTIME = 0x80;
// struct statx, the same on every architecture
const STX_INO = 32;
const STX_CTIME_SEC = 96;
const STX_CTIME_NSEC = 104;
const STATX_SIZE = 256;

/** Tells whether a path still has the same file: one system call, and no allocation while it has. */
export class FileIdentity {
  readonly #path: Buffer;
  readonly #memory = new ArrayBuffer(STATX_SIZE);
  readonly #statx = new DataView(this.#memory);
  readonly #address = libc.addressOf(this.#memory);
  #ino = 0;
  #seconds = 0;
  #nanoseconds = 0;
  #current: string | undefined;

  constructor(path: string) {
    this.#path = Buffer.from(`${path}\0`);
  }

  /**
   * Returns a string that differs for each file that ever had this path; `undefined` where there is no file. In a process
   * that gave up the right to look, it returns the string of the last call.
   */
  current(): string | undefined {
    let result: number;
    do {
      result = libc.statx(AT_FDCWD, this.#path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_CTIME, this.#address);
    } while (result === -EINTR);
    if (result < 0) return result === -ENOENT || result === -ENOTDIR ? undefined : this.#current;
    // a file system reuses inode numbers soon, but not with the same ctime; the upper half of the inode hardly ever matters
    const ino = this.#statx.getUint32(STX_INO, true);
    const seconds = this.#statx.getUint32(STX_CTIME_SEC, true);
    const nanoseconds = this.#statx.getUint32(STX_CTIME_NSEC, true);
    const isSame = ino === this.#ino && seconds === this.#seconds && nanoseconds === this.#nanoseconds;
    if (isSame && this.#current !== undefined) return this.#current;
    this.#ino = ino;
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
    this.#current = `${ino}:${seconds}:${nanoseconds}`;
    return this.#current;
  }
}
