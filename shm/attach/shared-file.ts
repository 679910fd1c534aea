import { constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { fileError, systemError, withFileErrors } from '../../sys/errors.js';
import { closeFile } from '../../sys/files.js';
import { assertPlatform } from '../../sys/libc.js';
import { Mapping } from '../../sys/mapping.js';
import { layoutError } from '../layout/fields.js';

const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * A file of the runtime directory, open for reading. It is read with `pread`, never mapped: if the file is truncated,
 * `pread` returns fewer bytes where a mapping would be SIGBUS. It takes no `flock`, which would keep the next primary
 * from starting.
 */
export class SharedFile {
  readonly path: string;
  readonly fd: number;
  /** Whether `fd` may be mapped for writing. */
  readonly writable: boolean;
  readonly #word = Buffer.alloc(4);
  #open = true;

  private constructor(path: string, fd: number, writable: boolean) {
    this.path = path;
    this.fd = fd;
    this.writable = writable;
  }

  /** Opens an existing file. Throws an `MpError` such as `EACCES` or `ENOENT`. */
  static open(path: string): SharedFile {
    return SharedFile.#opened(path, openFile(path, O_RDONLY), false);
  }

  /** Opens it for reading and writing where the file's permissions and its mount allow that, else for reading. */
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

  /** Uid of the user that it belongs to, the primary's. */
  get owner(): number {
    return this.#stat().uid;
  }

  #stat(): Stats {
    try {
      return fstatSync(this.fd);
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  /** Fills `into` from `position`. Throws `ELAYOUT` when the file ends before. */
  read(into: Buffer, position: number): Buffer {
    if (!this.#open) throw new MpError('EBADF', `${this.path} was closed: attach again`, { path: this.path });
    let count: number;
    try {
      count = readSync(this.fd, into, 0, into.length, position);
    } catch (error) {
      throw fileError(error, this.path);
    }
    if (count === into.length) return into;
    throw layoutError(
      this.path,
      'the file size',
      position + count,
      `at least ${position + into.length} bytes`,
    );
  }

  /** Reads the 32-bit word at `position`, such as a lock or a counter. */
  readInt32(position: number): number {
    return this.read(this.#word, position).readInt32LE(0);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeFile(this.fd);
  }
}

/** Size of the mapped part of `config`: in every layout the locks and the status byte are within the first page. */
const PAGE = 4096;

/** Refuses a symbolic link, which would lead out of the runtime directory, and doesn't wait for the writer of a pipe. */
function openFile(path: string, mode: number): number {
  assertPlatform();
  return withFileErrors(path, () => openSync(path, mode | O_NOFOLLOW | O_NONBLOCK));
}

/** Maps the first `length` bytes of a file, in whole pages, for writing. */
export function mapFile(fd: number, length: number, path: string): Mapping {
  const mapping = Mapping.reserve(length, PAGE);
  if (typeof mapping === 'number') throw systemError('mmap', mapping, path);
  const result = mapping.place(0, length, fd, 0, true);
  if (result === 0) return mapping;
  mapping.close();
  throw systemError('mmap', result, path);
}

/** The first page of `config`, mapped for writing. */
export class ConfigPage {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #mapping: Mapping;

  private constructor(mapping: Mapping) {
    this.#mapping = mapping;
    const buffer = mapping.view(0, PAGE);
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** `config` must be open for writing and be a whole `struct rte_mem_config`. */
  static map(config: SharedFile): ConfigPage {
    return new ConfigPage(mapFile(config.fd, PAGE, config.path));
  }

  /** Unmaps it once this object and the locks in it are garbage. */
  close(): void {
    this.#mapping.close();
  }
}
