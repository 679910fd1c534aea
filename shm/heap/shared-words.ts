import type { MpError } from '../../protocol/errors.js';
import { layoutError, MAX_ADDRESS } from '../layout/fields.js';
import type { HeapSpace } from './heap-space.js';

/** Bytes to clear at a time: a view can't be longer than 4 GiB. */
const CHUNK = 2 ** 30;
const HIGH = 2 ** 32;

/** Reads and writes words at addresses of C processes, in `config` or in pages. */
export class SharedWords {
  readonly space: HeapSpace;

  constructor(space: HeapSpace) {
    this.space = space;
  }

  /** Returns the shared bytes, not a copy. */
  view(addr: number, length: number): DataView {
    const { config, configAddress } = this.space;
    const offset = addr - configAddress;
    if (offset < 0 || offset + length > config.byteLength) return this.space.view(addr, length);
    return new DataView(config.buffer, config.byteOffset + offset, length);
  }

  /** Writes a pointer that may be in `config` (the head of a list) or in a block's header. */
  setPointer(addr: number, value: number): void {
    writePointer(this.view(addr, 8), 0, value);
  }

  zero(addr: number, length: number): void {
    for (let done = 0; done < length; done += CHUNK) {
      const { buffer, byteOffset, byteLength } = this.view(addr + done, Math.min(CHUNK, length - done));
      new Uint8Array(buffer, byteOffset, byteLength).fill(0);
    }
  }
}

/** Returns the `ELAYOUT` error for an impossible value in a heap. */
export function corrupt(what: string, value: number, expected: string): MpError {
  return layoutError('The heap', what, `0x${value.toString(16)}`, expected);
}

/** Reads a `void *` or a `size_t`, which are below 2^48 here; a larger one becomes a number that no check accepts. */
export function readPointer(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * HIGH;
}

export function writePointer(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % HIGH, true);
  view.setUint32(offset + 4, Math.floor(value / HIGH), true);
}

export function isPointer(value: number): boolean {
  return value > 0 && value < MAX_ADDRESS;
}

/** Returns a base class whose properties read and write a struct's pointers and sizes, and its `uint32_t`s, at these offsets. */
export function fieldsAt<Pointer extends string, Word extends string>(
  pointers: Readonly<Record<Pointer, number>>,
  words: Readonly<Record<Word, number>>,
): new (
  fields: DataView,
) => { readonly fields: DataView } & Record<Pointer | Word, number> {
  class Fields {
    readonly fields: DataView;

    constructor(fields: DataView) {
      this.fields = fields;
    }
  }
  const kinds = [
    { offsets: pointers, read: readPointer, write: writePointer },
    { offsets: words, read: readWord, write: writeWord },
  ];
  for (const { offsets, read, write } of kinds) {
    for (const [name, at] of Object.entries<number>(offsets)) {
      Object.defineProperty(Fields.prototype, name, {
        get(this: Fields) {
          return read(this.fields, at);
        },
        set(this: Fields, value: number) {
          write(this.fields, at, value);
        },
      });
    }
  }
  return Fields as never;
}

function readWord(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

function writeWord(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, true);
}
