import { EINTR, ENOENT, ENOTDIR } from './errors.js';
import * as libc from './libc.js';

const AT_FDCWD = -100; // linux/fcntl.h
const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_INO = 0x100; // linux/stat.h
const STATX_CTIME = 0x80;
// struct statx, the same on every architecture
const STX_INO = 32;
const STX_CTIME_SEC = 96;
const STX_CTIME_NSEC = 104;
const STATX_SIZE = 256;

/** Tells when a path has got another file; asking costs one system call and allocates nothing while it hasn't. */
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
   * A string that is another one for each file that was ever there; `undefined`: there is none. Where we may not look
   * any more (a process that gave up its rights), what was there last.
   */
  current(): string | undefined {
    let result: number;
    do {
      result = libc.statx(AT_FDCWD, this.#path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_CTIME, this.#address);
    } while (result === -EINTR);
    if (result < 0) return result === -ENOENT || result === -ENOTDIR ? undefined : this.#current;
    // An inode number is used again soon, but not with the same time of creation. Its upper half hardly ever matters.
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
