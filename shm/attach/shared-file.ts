import { constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { closeFile } from '../../sys/close-file.js';
import { assertPlatform } from '../../sys/native.js';
import { fileError, layoutError } from '../errors.js';

const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;

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
    return SharedFile.#opened(path, openFile(path, O_RDONLY), false);
  }

  /** For reading and writing where the file's permissions and its mount allow that, else as `open`. */
  static openWritable(path: string): SharedFile {
    let fd: number;
    try {
      fd = openFile(path, O_RDWR);
    } catch (error) {
      const isReadOnly = error instanceof MpError && ['EACCES', 'EROFS', 'EPERM'].includes(error.code);
      if (isReadOnly) return SharedFile.open(path);
      throw error;
    }
    return SharedFile.#opened(path, fd, true);
  }

  static #opened(path: string, fd: number, writable: boolean): SharedFile {
    const file = new SharedFile(path, fd, writable);
    try {
      if (file.#stat().isFile()) return file;
      throw layoutError(path, 'its type', 'another one', 'a regular file');
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get size(): number {
    return this.#stat().size;
  }

  /** The user that it belongs to: whoever started the primary. */
  get owner(): number {
    return this.#stat().uid;
  }

  #stat(): Stats {
    try {
      return fstatSync(this.fd);
    } catch (error) {
      throw fileError(error, this.path, 'Cannot look at');
    }
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
    closeFile(this.fd);
  }
}

/** A link would lead out of the runtime directory; opening a pipe would wait for its writer. */
function openFile(path: string, mode: number): number {
  assertPlatform();
  try {
    return openSync(path, mode | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw fileError(error, path, 'Cannot open');
  }
}
