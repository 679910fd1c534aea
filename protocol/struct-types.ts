// The types that fields of C structs have. A type knows how many bytes it takes and how a value gets in and out of
// memory; struct.ts lays types out. Nothing is parsed at run time: a type is a record of closures.

import { getChars, isUint8Array, putUtf8, utf8Length } from './bytes.js';
import { invalid, MpError } from './errors.js';

/** The memory that a struct lies in, in both forms that types use. */
export interface StructMemory {
  /** The memory as bytes. */
  readonly bytes: Uint8Array;
  /** The same memory as a `DataView`. */
  readonly data: DataView;
}

/** Why a type refuses a value. */
export interface StructRefusal {
  /** `E2BIG`: text or bytes that are too long. `EINVAL`: everything else. */
  readonly code: 'EINVAL' | 'E2BIG';
  /** Which part of the value: `'stats.queues[3].packets'`, or empty for the value itself. */
  readonly path: string;
  /** What is wrong, as in `'is 70000'`. */
  readonly problem: string;
  /** What to do, as in `'give a whole number from 0 to 65535'`. */
  readonly hint: string;
}

/**
 * A C type: `Value` is what decoding gives, `Init` what encoding takes, `View` what a live view gives. `u32`, `char(64)`
 * and what `struct` returns are such types. A program can make its own from these members, and align a field as C's
 * `__rte_cache_aligned` does: `{ ...u64, align: 64 }`.
 */
export interface StructType<Value, Init = Value, View = Value> {
  /** `sizeof`, in bytes. */
  readonly size: number;
  /** `_Alignof`, in bytes. */
  readonly align: number;
  /** Reads the value at `at`. The caller has checked that all its bytes are there. */
  read(memory: StructMemory, at: number): Value;
  /** Writes the value at `at`, where all bytes are 0, or returns why it can't; then some of them may be written. */
  write(memory: StructMemory, at: number, value: Init): StructRefusal | undefined;
  /** Makes accessors over the memory at `at`, which errors call `path`. A type of plain values has none. */
  live?(memory: StructMemory, at: number, path: string): View;
}

/** What decoding gives for a type: `type PortStats = ValueOf<typeof PortStats>`. */
export type ValueOf<Type> = Type extends StructType<infer Value, never, unknown> ? Value : never;
/** What encoding takes for a type. */
export type InitOf<Type> = Type extends StructType<unknown, infer Init, unknown> ? Init : never;
/** What a live view gives for a type. */
export type ViewOf<Type> = Type extends StructType<unknown, never, infer View> ? View : never;

type Getter<Value> = (data: DataView, at: number) => Value;
type Setter<Value> = (data: DataView, at: number, value: Value) => void;

function scalar<Value>(
  size: number,
  accepts: (value: Value) => boolean,
  hint: string,
  get: Getter<Value>,
  set: Setter<Value>,
): StructType<Value> {
  return Object.freeze({
    size,
    align: size,
    read: ({ data }: StructMemory, at: number) => get(data, at),
    write({ data }: StructMemory, at: number, value: Value) {
      if (!accepts(value)) return refusal(value, hint);
      set(data, at, value);
      return undefined;
    },
  });
}

function integer(bits: 8 | 16 | 32, least: number, get: Getter<number>, set: Setter<number>) {
  const most = least + 2 ** bits - 1;
  const accepts = (value: number) => Number.isInteger(value) && value >= least && value <= most;
  return scalar(bits / 8, accepts, `give a whole number from ${least} to ${most}`, get, set);
}

function integer64(least: bigint, get: Getter<bigint>, set: Setter<bigint>) {
  const most = least + 2n ** 64n - 1n;
  const accepts = (value: bigint) => typeof value === 'bigint' && value >= least && value <= most;
  return scalar(8, accepts, `give a bigint from ${least}n to ${most}n`, get, set);
}

// Structs are native-endian, which is little-endian wherever DPDK and Node run: see bytes.ts.

/** `uint8_t`. */
export const u8: StructType<number> = integer(
  8,
  0,
  (data, at) => data.getUint8(at),
  (data, at, value) => data.setUint8(at, value),
);
/** `uint16_t`. */
export const u16: StructType<number> = integer(
  16,
  0,
  (data, at) => data.getUint16(at, true),
  (data, at, value) => data.setUint16(at, value, true),
);
/** `uint32_t`. */
export const u32: StructType<number> = integer(
  32,
  0,
  (data, at) => data.getUint32(at, true),
  (data, at, value) => data.setUint32(at, value, true),
);
/** `uint64_t`, `size_t` and pointers: a bigint. */
export const u64: StructType<bigint> = integer64(
  0n,
  (data, at) => data.getBigUint64(at, true),
  (data, at, value) => data.setBigUint64(at, value, true),
);
/** `int8_t`. */
export const i8: StructType<number> = integer(
  8,
  -(2 ** 7),
  (data, at) => data.getInt8(at),
  (data, at, value) => data.setInt8(at, value),
);
/** `int16_t`. */
export const i16: StructType<number> = integer(
  16,
  -(2 ** 15),
  (data, at) => data.getInt16(at, true),
  (data, at, value) => data.setInt16(at, value, true),
);
/** `int32_t` and `int`. */
export const i32: StructType<number> = integer(
  32,
  -(2 ** 31),
  (data, at) => data.getInt32(at, true),
  (data, at, value) => data.setInt32(at, value, true),
);
/** `int64_t`: a bigint. */
export const i64: StructType<bigint> = integer64(
  -(2n ** 63n),
  (data, at) => data.getBigInt64(at, true),
  (data, at, value) => data.setBigInt64(at, value, true),
);
/** `float`. Encoding rounds to the nearest one, and refuses a finite number that would become infinite. */
export const f32: StructType<number> = scalar(
  4,
  (value) => typeof value === 'number' && Number.isFinite(Math.fround(value)) === Number.isFinite(value),
  'give a number that fits into a float, up to about 3.4e38',
  (data, at) => data.getFloat32(at, true),
  (data, at, value) => data.setFloat32(at, value, true),
);
/** `double`. */
export const f64: StructType<number> = scalar(
  8,
  (value) => typeof value === 'number',
  'give a number',
  (data, at) => data.getFloat64(at, true),
  (data, at, value) => data.setFloat64(at, value, true),
);

/** `bool`: one byte. Decoding takes everything but 0 for true. */
export const bool: StructType<boolean> = scalar(
  1,
  (value) => typeof value === 'boolean',
  'give true or false',
  (data, at) => data.getUint8(at) !== 0,
  (data, at, value) => data.setUint8(at, value ? 1 : 0),
);

/**
 * `char[size]` that holds a C string. Decoding stops at the first NUL; what isn't UTF-8 becomes U+FFFD. Encoding fills
 * the rest with NULs, and throws `E2BIG` for text that doesn't fit with its NUL, `EINVAL` for text with a NUL or half a
 * surrogate pair in it.
 *
 * @example
 * struct({ name: char(64) }).encode({ name: 'net_tap0' });
 */
export function char(size: number): StructType<string> {
  checkCount(size, 'bytes');
  return Object.freeze({
    size,
    align: 1,
    read: ({ bytes }: StructMemory, at: number) => getChars(bytes.subarray(at, at + size), 0, size),
    write({ bytes }: StructMemory, at: number, text: string) {
      const refused = refusalOfText(text, size);
      if (refused !== undefined) return refused;
      bytes.fill(0, at, at + size);
      putUtf8(bytes, at, text);
      return undefined;
    },
  });
}

/** Returns why `text` can't be a C string in a `char` array of `size` bytes, where C would cut it; else undefined. */
export function refusalOfText(text: string, size: number): StructRefusal | undefined {
  if (typeof text !== 'string') return refusal(text, `give a string of at most ${size - 1} bytes of UTF-8`);
  // UTF-8 never has fewer bytes than UTF-16 has units: a huge string is refused without reading it
  const length = text.length >= size ? text.length : utf8Length(text);
  if (length >= size) {
    const problem = `'${text.slice(0, 32)}...' is too long`;
    return { code: 'E2BIG', path: '', problem, hint: `give at most ${size - 1} bytes of UTF-8` };
  }
  if (length >= 0 && !text.includes('\0')) return undefined;
  const problem = `${JSON.stringify(text)} has a NUL or half a surrogate pair in it`;
  return { code: 'EINVAL', path: '', problem, hint: 'remove it' };
}

/**
 * `uint8_t[size]`, as a `Uint8Array`. Decoding copies, a view has the memory itself. Encoding fills what a shorter array
 * leaves with 0, and throws `E2BIG` for a longer one.
 *
 * @example
 * struct({ mac: bytes(6) }).encode({ mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });
 */
export function bytes(size: number): StructType<Uint8Array> {
  checkCount(size, 'bytes');
  return Object.freeze({
    size,
    align: 1,
    read: (memory: StructMemory, at: number) => new Uint8Array(memory.bytes.subarray(at, at + size)),
    write(memory: StructMemory, at: number, value: Uint8Array) {
      const hint = `give a Uint8Array of at most ${size} bytes`;
      if (!isUint8Array(value)) return refusal(value, hint);
      if (value.length > size)
        return { ...refusal(value, hint, 'E2BIG'), problem: `has ${value.length} bytes` };
      memory.bytes.set(value, at);
      return undefined;
    },
    live: ({ bytes: { buffer, byteOffset } }: StructMemory, at: number) =>
      new Uint8Array(buffer, byteOffset + at, size),
  });
}

/**
 * An integer whose values have names, such as C's `enum` (`u32`; `i32` where it has negative values). Decoding gives the
 * name, or the number itself where it has none; of two names with one number, it gives the first. Encoding takes both.
 *
 * @example
 * const Link = struct({ duplex: enumOf(u8, { HALF: 0, FULL: 1 }) });
 * Link.decode(Uint8Array.of(1)).duplex; // 'FULL'
 */
export function enumOf<Value extends number | bigint, const Names extends Readonly<Record<string, Value>>>(
  type: StructType<Value>,
  names: Names,
): StructType<Extract<keyof Names, string> | Value> {
  type Name = Extract<keyof Names, string>;
  const values = new Map<unknown, Value>(Object.entries(names));
  // reversed, because the first of two names stays
  const nameOf = new Map([...values].reverse().map(([name, value]) => [value, name as Name]));
  const scratch = memoryOf(new Uint8Array(type.size));
  for (const [name, value] of values) throwRefusal(type.write(scratch, 0, value), String(name));
  const hint = `give ${listOf([...values.keys()].map((name) => `'${name}'`))}, or a number`;
  return Object.freeze({
    size: type.size,
    align: type.align,
    read(memory: StructMemory, at: number) {
      const value = type.read(memory, at);
      return nameOf.get(value) ?? value;
    },
    write(memory: StructMemory, at: number, value: Name | Value) {
      const number = values.get(value) ?? value;
      return typeof number === 'string' ? refusal(value, hint) : type.write(memory, at, number);
    },
  });
}

/** The bytes as memory of a type. */
export function memoryOf(bytes: Uint8Array): StructMemory {
  return { bytes, data: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Makes the refusal of a value. */
export function refusal(value: unknown, hint: string, code: StructRefusal['code'] = 'EINVAL'): StructRefusal {
  return { code, path: '', problem: `is ${describe(value)}`, hint };
}

/** The refusal of a part, called `name`, as the refusal of the whole. */
export function refusalWithin(name: string, refused: StructRefusal): StructRefusal {
  return { ...refused, path: pathOf(name, refused.path) };
}

/** Joins `'stats'` and `'queues'`, or `'queues'` and `'[3]'`. */
export function pathOf(outer: string, inner: string): string {
  return outer === '' || inner === '' || inner.startsWith('[') ? outer + inner : `${outer}.${inner}`;
}

/** Throws a refusal, if there is one. `what` is the subject of the message if the refusal has no path. */
export function throwRefusal(refused: StructRefusal | undefined, what = 'The value'): void {
  if (refused === undefined) return;
  const { code, path, problem, hint } = refused;
  throw new MpError(code, `${path === '' ? what : path} ${problem}: ${hint}`);
}

/** Throws `EINVAL` unless the number can be the length of an array. */
export function checkCount(count: number, what: string): void {
  if (Number.isInteger(count) && count > 0 && count < 2 ** 31) return;
  throw invalid(`An array of ${describe(count)} ${what} has no layout: give 1 to ${2 ** 31 - 1}`);
}

/** `'a, b or c'`. */
export function listOf(names: readonly string[]): string {
  const last = names.slice(-2).join(' or ');
  return [...names.slice(0, -2), last].join(', ');
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 32));
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
