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
  readonly #maskBytes: Buffer;
  readonly #entries: Buffer;
  readonly #eltSize: number;

  constructor(mask: UsedMask, maskBytes: Buffer, entries: Buffer, eltSize: number) {
    this.mask = mask;
    this.#maskBytes = maskBytes;
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
    return this.#maskBytes.equals(other.#maskBytes) && this.#entries.equals(other.#entries);
  }
}

interface Buffers {
  readonly mask: Buffer;
  readonly entries: Buffer;
}

function allocate({ maskHead, maskSize }: FbarrayGeometry): Buffers {
  return { mask: Buffer.alloc(maskSize), entries: Buffer.alloc(maskHead) };
}

/** The file of one `struct rte_fbarray`, open for reading. */
export class FbarrayFile implements Table<FbarrayCopy> {
  readonly descriptor: FbarrayDescriptor;
  readonly #file: SharedFile;
  readonly #geometry: FbarrayGeometry;
  /** Two, so that two copies can be compared. Allocated before any lock is taken. */
  readonly #buffers: readonly [Buffers, Buffers];
  readonly #entry: Buffer;

  private constructor(file: SharedFile, descriptor: FbarrayDescriptor) {
    this.#file = file;
    this.descriptor = descriptor;
    this.#geometry = geometryOf(descriptor);
    this.#entry = Buffer.alloc(descriptor.eltSize);
    this.#buffers = [allocate(this.#geometry), allocate(this.#geometry)];
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
    const { mask: maskBytes, entries } = this.#buffers[which];
    this.#file.read(maskBytes, this.#geometry.maskHead);
    const mask = new UsedMask(maskBytes, this.descriptor, this.path);
    const used = entries.subarray(0, mask.end * this.descriptor.eltSize);
    this.#file.read(used, 0);
    return new FbarrayCopy(mask, maskBytes, used, this.descriptor.eltSize);
  }

  isSame(a: FbarrayCopy, b: FbarrayCopy): boolean {
    return a.equals(b);
  }

  copyMask(): UsedMask {
    const bytes = this.#file.read(Buffer.alloc(this.#geometry.maskSize), this.#geometry.maskHead);
    return new UsedMask(bytes, this.descriptor, this.path);
  }

  /** Whether entry `index` still holds exactly these bytes. */
  entryIs(index: number, bytes: Buffer): boolean {
    return this.#file.read(this.#entry, index * this.descriptor.eltSize).equals(bytes);
  }

  close(): void {
    this.#file.close();
  }
}
