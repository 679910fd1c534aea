import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { assertPlatform } from '../lib/sys/native.js';
import { MpError } from '../protocol/errors.js';
import { fileError, layoutError } from './errors.js';

/**
 * A file of the runtime directory, open for reading. It is read with `pread`, never mapped: a file that is cut short
 * under a mapping means SIGBUS, under `pread` a short count. The page cache makes both see the same bytes. No `flock`
 * on it: one of a dead primary's readers would make the next primary's start fail.
 */
export class SharedFile {
  readonly path: string;
  readonly fd: number;
  /** `fd` may be mapped for writing. */
  readonly writable: boolean;
  readonly #word = Buffer.alloc(4);
  #open = true;

  private constructor(path: string, fd: number, writable: boolean) {
    this.path = path;
    this.fd = fd;
    this.writable = writable;
  }

  /** Never creates anything. `EACCES`, `ENOENT` and the like as `MpError`. */
  static open(path: string): SharedFile {
    assertPlatform();
    try {
      return new SharedFile(path, openSync(path, constants.O_RDONLY), false);
    } catch (error) {
      throw fileError(error, path, 'Cannot open');
    }
  }

  /** For reading and writing where the file's permissions and its mount allow that, else as `open`. */
  static openWritable(path: string): SharedFile {
    assertPlatform();
    try {
      return new SharedFile(path, openSync(path, constants.O_RDWR), true);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return SharedFile.open(path);
      throw fileError(error, path, 'Cannot open');
    }
  }

  get size(): number {
    return fstatSync(this.fd).size;
  }

  /** Fills `into` from `position`; `ELAYOUT` when the file ends before. */
  read(into: Buffer, position: number): Buffer {
    if (!this.#open) throw new MpError('EBADF', `${this.path} was closed: attach again`, { path: this.path });
    let count: number;
    try {
      count = readSync(this.fd, into, 0, into.length, position);
    } catch (error) {
      throw fileError(error, this.path, 'Cannot read');
    }
    if (count === into.length) return into;
    throw layoutError(
      this.path,
      'the file size',
      position + count,
      `at least ${position + into.length} bytes`,
    );
  }

  /** The 32-bit word at `position`, such as a lock or a counter. */
  readInt32(position: number): number {
    return this.read(this.#word, position).readInt32LE(0);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }
}
