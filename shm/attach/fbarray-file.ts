import {
  FBARRAY_FILE,
  type FbarrayDescriptor,
  type FbarrayGeometry,
  geometryOf,
  UsedMask,
} from '../layout/fbarray.js';
import { layoutError } from '../layout/fields.js';
import type { Table } from '../locks/read-table.js';
import { SharedFile } from './shared-file.js';

/** A copy of an array: the mask, and the entries up to the last used one. */
export class FbarrayCopy {
  readonly mask: UsedMask;
  readonly #entries: Buffer;
  readonly #eltSize: number;

  constructor(mask: UsedMask, entries: Buffer, eltSize: number) {
    this.mask = mask;
    this.#entries = entries;
    this.#eltSize = eltSize;
  }

  entry(index: number): Buffer {
    return this.#entries.subarray(index * this.#eltSize, (index + 1) * this.#eltSize);
  }

  /** Returns the index of the first used entry that begins with `start` and that `isWanted` accepts. */
  find(start: Buffer, isWanted: (entry: Buffer) => boolean): number | undefined {
    let at = this.#entries.indexOf(start);
    for (; at >= 0; at = this.#entries.indexOf(start, at + 1)) {
      const index = at / this.#eltSize;
      if (Number.isInteger(index) && this.mask.has(index) && isWanted(this.entry(index))) return index;
    }
    return undefined;
  }

  equals(other: FbarrayCopy): boolean {
    return this.mask.equals(other.mask) && this.#entries.equals(other.#entries);
  }
}

/** The file of one `struct rte_fbarray`, open for reading. */
export class FbarrayFile implements Table<FbarrayCopy> {
  readonly descriptor: FbarrayDescriptor;
  readonly #file: SharedFile;
  readonly #geometry: FbarrayGeometry;
  /** Two, so that two copies can be compared. Allocated before any lock is taken. */
  readonly #buffers: readonly [Buffer, Buffer];
  readonly #entry: Buffer;

  private constructor(file: SharedFile, descriptor: FbarrayDescriptor) {
    this.#file = file;
    this.descriptor = descriptor;
    this.#geometry = geometryOf(descriptor);
    this.#entry = Buffer.alloc(descriptor.eltSize);
    this.#buffers = [Buffer.alloc(this.#geometry.size), Buffer.alloc(this.#geometry.size)];
  }

  /** Opens `fbarray_<name>` and checks that it is long enough: `ELAYOUT` if not. */
  static open(runtimePath: string, descriptor: FbarrayDescriptor): FbarrayFile {
    const file = SharedFile.open(`${runtimePath}/${FBARRAY_FILE}${descriptor.name}`);
    try {
      const { size } = file;
      const needed = geometryOf(descriptor).size;
      if (size < needed) throw layoutError(file.path, 'the file size', size, `at least ${needed} bytes`);
      return new FbarrayFile(file, descriptor);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#file.path;
  }

  /** Copies the mask and the used entries; the copy is valid until the next one into the same buffer, 0 or 1. */
  copy(which: 0 | 1): FbarrayCopy {
    const { maskHead, size } = this.#geometry;
    const { eltSize } = this.descriptor;
    const bytes = this.#buffers[which];
    const mask = this.#maskIn(bytes.subarray(maskHead, size));
    return new FbarrayCopy(mask, this.#file.read(bytes.subarray(0, mask.end * eltSize), 0), eltSize);
  }

  isSame(a: FbarrayCopy, b: FbarrayCopy): boolean {
    return a.equals(b);
  }

  copyMask(): UsedMask {
    return this.#maskIn(Buffer.alloc(this.#geometry.maskSize));
  }

  #maskIn(bytes: Buffer): UsedMask {
    return new UsedMask(this.#file.read(bytes, this.#geometry.maskHead), this.descriptor, this.path);
  }

  /** Whether entry `index` still holds exactly these bytes. */
  entryIs(index: number, bytes: Buffer): boolean {
    return this.#file.read(this.#entry, index * this.descriptor.eltSize).equals(bytes);
  }

  close(): void {
    this.#file.close();
  }
}
