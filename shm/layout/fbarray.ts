import { layoutError, readText, type Source } from './fields.js';
import { FBARRAY } from './releases.js';

/** The fields of `struct rte_fbarray` (rte_fbarray.h) that describe its file, `fbarray_<name>`. */
export interface FbarrayDescriptor {
  readonly name: string;
  /** Capacity in entries, which never changes. */
  readonly len: number;
  readonly eltSize: number;
}

/** Start of the name of an array's file in the runtime directory (FBARRAY_NAME_FMT, eal_filesystem.h). */
export const FBARRAY_FILE = 'fbarray_';

/** Limit to what we read and allocate: far more than any release makes (2^15 segments, 2560 memzones). */
const MAX_LEN = 2 ** 20;

/** Reads the descriptor at `offset` of `config`. Throws `ELAYOUT`, which names the impossible field. */
export function readDescriptor(
  source: Source,
  offset: number,
  eltSize: number,
  field: string,
): FbarrayDescriptor {
  const name = readText(source, offset, FBARRAY.offsets.count, `${field}.name`);
  if (name === '' || name.includes('/')) {
    throw layoutError(source.path, `${field}.name`, name, 'a file name');
  }
  const { count, len, eltSize: found } = FBARRAY.decode(source.bytes, offset);
  if (found !== eltSize) throw layoutError(source.path, `${field}.elt_sz`, found, `${eltSize}`);
  if (len === 0 || len > MAX_LEN) throw layoutError(source.path, `${field}.len`, len, `1 to ${MAX_LEN}`);
  if (count > len) throw layoutError(source.path, `${field}.count`, count, `at most ${len}`);
  return { name, len, eltSize };
}

/** Where the parts of an array's file are (struct used_mask, eal_common_fbarray.c). */
export interface FbarrayGeometry {
  /** Offset of `n_masks`, a u32; the mask words begin 8 bytes behind it. */
  readonly maskHead: number;
  /** Number of 64-bit mask words. */
  readonly masks: number;
  /** Bytes from `maskHead` to the end of the last mask word. */
  readonly maskSize: number;
  /** Least size of the file. */
  readonly size: number;
}

/** offsetof(struct used_mask, data) */
export const MASK_WORDS = 8;
const BITS = 64; // MASK_ALIGN

export function geometryOf({ len, eltSize }: FbarrayDescriptor): FbarrayGeometry {
  const maskHead = len * eltSize;
  const masks = Math.ceil(len / BITS);
  const maskSize = MASK_WORDS + masks * 8;
  return { maskHead, masks, maskSize, size: maskHead + maskSize };
}

/** A copy of the used mask of an array, from its head on. */
export class UsedMask {
  readonly #head: Buffer;
  readonly #len: number;

  /** Throws `ELAYOUT` when the stored number of words isn't the computed one: a wrong layout, or a primary starting over. */
  constructor(head: Buffer, descriptor: FbarrayDescriptor, path: string) {
    const { masks } = geometryOf(descriptor);
    const stored = head.readUInt32LE(0);
    if (stored !== masks) throw layoutError(path, 'n_masks', stored, `${masks}`);
    this.#head = head;
    this.#len = descriptor.len;
  }

  has(index: number): boolean {
    if (index >= this.#len) return false;
    return ((this.#byte(index >>> 3) >>> (index & 7)) & 1) === 1;
  }

  equals(other: UsedMask): boolean {
    return this.#head.equals(other.#head);
  }

  /** Yields the used indexes, ascending. */
  *indexes(): Generator<number> {
    for (let at = 0; at * 8 < this.#len; at++) {
      const byte = this.#byte(at);
      for (let bit = 0; byte >>> bit !== 0; bit++) {
        if (((byte >>> bit) & 1) === 1 && at * 8 + bit < this.#len) yield at * 8 + bit;
      }
    }
  }

  /** One more than the highest used index; 0 when nothing is used. */
  get end(): number {
    for (let at = Math.ceil(this.#len / 8) - 1; at >= 0; at--) {
      const byte = this.#byte(at);
      if (byte !== 0) return Math.min(this.#len, at * 8 + 32 - Math.clz32(byte));
    }
    return 0;
  }

  // words are little-endian, so bit i of the mask is bit (i mod 8) of byte (i div 8)
  #byte(at: number): number {
    return this.#head[MASK_WORDS + at] ?? 0;
  }
}
