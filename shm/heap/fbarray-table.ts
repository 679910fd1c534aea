import { MpError } from '../../protocol/errors.js';
import { type FbarrayDescriptor, geometryOf, MASK_WORDS, readDescriptor } from '../layout/fbarray.js';
import { FBARRAY, type MemConfigLayout } from '../layout/releases.js';
import { withWriteLock } from '../locks/lock-wait.js';
import { RwLock, wordsOf } from '../locks/rwlock.js';

/** No process holds the lock for longer than the change of one entry takes. */
const LOCK_TIMEOUT_MS = 5000;

/** Where the two parts of an array are: its descriptor in `config`, and its file. */
export interface FbarrayParts {
  /** The whole `config`, mapped for writing. */
  readonly config: DataView;
  readonly layout: MemConfigLayout;
  /** Offset of its `struct rte_fbarray` in `config`. */
  readonly offset: number;
  readonly eltSize: number;
  /** Its file, mapped for writing. */
  readonly file: ArrayBufferView;
  /** Path of the file, for messages. */
  readonly path: string;
}

/**
 * A `struct rte_fbarray` that can be changed (eal_common_fbarray.c): entries in a file, which of them are in use, and
 * how many. Several processes share it: the caller of a change also holds the lock of the table that the array is.
 */
export class FbarrayTable {
  readonly #lock: RwLock;
  readonly #path: string;
  readonly #descriptor: FbarrayDescriptor;
  readonly #fields: DataView;
  readonly #file: Buffer;
  readonly #mask: number;

  /** Throws `ELAYOUT` for a descriptor with impossible values, and for a file that is too short for it. */
  constructor({ config, layout, offset, eltSize, file, path }: FbarrayParts) {
    const bytes = Buffer.from(config.buffer, config.byteOffset, config.byteLength);
    this.#descriptor = readDescriptor({ bytes, path }, offset, eltSize, 'rte_fbarray');
    const { maskHead, size } = geometryOf(this.#descriptor);
    if (file.byteLength < size) throw tooShort(path, file.byteLength, size);
    this.#mask = maskHead + MASK_WORDS;
    this.#file = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    this.#fields = new DataView(config.buffer, config.byteOffset + offset);
    this.#path = path;
    this.#lock = new RwLock(wordsOf(config), offset + FBARRAY.offsets.lock, layout.rwlock);
  }

  /** Capacity in entries. */
  get len(): number {
    return this.#descriptor.len;
  }

  /** How many are in use. */
  get count(): number {
    return this.#fields.getUint32(FBARRAY.offsets.count, true);
  }

  has(index: number): boolean {
    return (this.#maskByte(index) & (1 << (index & 7))) !== 0;
  }

  /** Returns the shared bytes of an entry, not a copy. */
  entry(index: number): Buffer {
    const { eltSize } = this.#descriptor;
    return this.#file.subarray(index * eltSize, (index + 1) * eltSize);
  }

  /** Marks an entry as in use [rte_fbarray_set_used]. */
  setUsed(index: number): void {
    this.#set(index, true);
  }

  /** Marks an entry as free [rte_fbarray_set_free]. */
  setFree(index: number): void {
    this.#set(index, false);
  }

  /** Returns the first of `n` free indexes in a row; `undefined` where there are none. */
  findFree(n = 1): number | undefined {
    for (let index = 0, free = 0; index < this.len; index++) {
      free = this.has(index) ? 0 : free + 1;
      if (free === n) return index - n + 1;
    }
    return undefined;
  }

  /** Yields the indexes in use, ascending. */
  *used(): Generator<number> {
    for (let index = 0; index < this.len; index++) {
      if ((index & 7) === 0 && this.#maskByte(index) === 0) index += 7;
      else if (this.has(index)) yield index;
    }
  }

  #set(index: number, used: boolean): void {
    const name = `the lock of ${this.#descriptor.name}`;
    withWriteLock(this.#lock, { name, path: this.#path, timeoutMs: LOCK_TIMEOUT_MS }, () => {
      if (this.has(index) === used) return;
      this.#file[this.#mask + (index >>> 3)] = this.#maskByte(index) ^ (1 << (index & 7));
      this.#fields.setUint32(FBARRAY.offsets.count, this.count + (used ? 1 : -1), true);
    });
  }

  #maskByte(index: number): number {
    return this.#file[this.#mask + (index >>> 3)] ?? 0;
  }
}

function tooShort(path: string, length: number, needed: number): MpError {
  return new MpError(
    'ELAYOUT',
    `${path} has ${length} bytes, its array needs ${needed}: map the whole file`,
    {
      path,
    },
  );
}
