// Layouts of C structs: where fields lie, by the rules of C compilers for x86-64 and AArch64, which agree.

import { isUint8Array } from './bytes.js';
import { invalid, MpError } from './errors.js';
import {
  checkCount,
  type InitOf,
  listOf,
  memoryOf,
  refusal,
  refusalWithin,
  type StructMemory,
  type StructRefusal,
  type StructType,
  throwRefusal,
  type ValueOf,
  type ViewOf,
} from './struct-types.js';
import { type AnyType, type StructPart, viewsOf } from './struct-view.js';

/** The fields of a struct by their names, in C's order. */
export type StructFields = Readonly<Record<string, StructType<unknown, never, unknown>>>;

/** How a struct is laid out, and what errors call it. */
export interface StructOptions {
  /** Without padding, as `__attribute__((packed))` or `__rte_packed` does it. Default: false. */
  readonly packed?: boolean;
  /** Name in errors about bytes that are too short. Default: `'The struct'`. */
  readonly name?: string;
}

/** A struct or union: a type of its own, too, for a field of another one. */
export interface Layout<Value, Init, View, Names extends PropertyKey> extends StructType<Value, Init, View> {
  /** `offsetof` each field, in bytes. */
  readonly offsets: Readonly<Record<Names, number>>;
  /**
   * Returns the bytes of a struct. A field that is left out is 0, as in C's `{ .port = 1 }`; so is padding. Throws `EINVAL`
   * for a value that the field's type doesn't have, and for a field that the struct doesn't have; `E2BIG` for text or bytes
   * that don't fit. The message begins with the field, such as `stats.queues[3].packets`.
   *
   * With `out` (at least `size` bytes, else `EINVAL`) it writes to the start of `out`, which it returns. The value must not
   * be a view of `out`; after an error the bytes there are unspecified.
   *
   * @example
   * const param = struct({ port: u16, packets: u64 }).encode({ packets: 70000n });
   */
  encode(value: Init, out?: Uint8Array): Uint8Array;
  /**
   * Reads the struct at `offset` (default 0), and copies all of it. There may be more bytes behind it. Throws `EBADMSG` if
   * there are too few.
   *
   * @example
   * const { port, packets } = struct({ port: u16, packets: u64 }).decode(msg.param);
   */
  decode(bytes: Uint8Array, offset?: number): Value;
  /**
   * Returns an object whose properties read and write the struct at `offset` (default 0) in place, aligned or not: for
   * structs in memzones. A nested struct, union or array is a view, too; assigning to it replaces all of it. Setting a value
   * that a field can't have throws the same error as `encode`, and changes nothing. Access is not atomic: order it with C's
   * by a lock or by messages. A view is valid as long as its bytes are.
   *
   * Throws `EBADMSG` if there are too few bytes.
   *
   * @example
   * const stats = struct({ packets: u64 }).view(zone.bytes);
   * stats.packets += 1n;
   */
  view(bytes: Uint8Array, offset?: number): View;
}

/** What `struct` returns. */
export type StructLayout<Fields extends StructFields> = Layout<
  { -readonly [Name in keyof Fields]: ValueOf<Fields[Name]> },
  { readonly [Name in keyof Fields]?: InitOf<Fields[Name]> | undefined },
  { -readonly [Name in keyof Fields]: ViewOf<Fields[Name]> },
  keyof Fields
>;

/** What `union` returns. */
export type UnionLayout<Members extends StructFields> = Layout<
  { -readonly [Name in keyof Members]: ValueOf<Members[Name]> },
  {
    [Name in keyof Members]: { readonly [Key in Name]: InitOf<Members[Name]> } & {
      readonly [Key in Exclude<keyof Members, Name>]?: undefined;
    };
  }[keyof Members],
  { -readonly [Name in keyof Members]: ViewOf<Members[Name]> },
  keyof Members
>;

/** A live array, which is indexed and iterated like an array. `[...view]` has an array's methods, too. */
export interface ArrayView<Item> extends Iterable<Item> {
  /** How many elements there are. */
  readonly length: number;
  [index: number]: Item;
}

/**
 * Declares a C struct. It gets the alignment and padding that a C compiler gives it, and `decode` returns an object of these
 * fields and their types. Throws `EINVAL` for a struct without fields, and for a field whose name is a number, because
 * JavaScript would change the fields' order.
 *
 * @example
 * // struct port_stats { uint16_t port; uint64_t packets; double load; };
 * const PortStats = struct({ port: u16, packets: u64, load: f64 });
 * PortStats.size; // 24
 * PortStats.offsets.packets; // 8
 * const param = PortStats.encode({ port: 1, packets: 70000n });
 * const { packets } = PortStats.decode(param);
 */
export function struct<const Fields extends StructFields>(
  fields: Fields,
  options: StructOptions = {},
): StructLayout<Fields> {
  let end = 0;
  const { packed = false, name } = options;
  const align = packed ? 1 : alignOf(fields);
  const parts = partsOf(fields, ({ size, align: own }) => {
    const offset = packed ? end : roundUp(end, own);
    end = offset + size;
    return offset;
  });
  return layoutOf(parts, roundUp(end, align), align, parts.length, name) as StructLayout<Fields>;
}

/**
 * Declares a C union. Decoding gives all members, each read from the same bytes; encoding takes one of them. Throws
 * `EINVAL` as {@link struct} does.
 *
 * @example
 * const Request = struct({ type: u32, arg: union({ address: u64, queue: u16 }) });
 * const param = Request.encode({ type: 2, arg: { queue: 7 } });
 */
export function union<const Members extends StructFields>(members: Members): UnionLayout<Members> {
  const align = alignOf(members);
  const parts = partsOf(members, () => 0);
  const size = roundUp(Math.max(...parts.map(({ type }) => type.size)), align);
  return layoutOf(parts, size, align, 1) as UnionLayout<Members>;
}

/**
 * `type[length]`. Encoding fills what a shorter array leaves with 0, and throws `EINVAL` for a longer one.
 *
 * @example
 * const Queues = struct({ packets: array(u64, 16) });
 * Queues.encode({ packets: [1n, 2n] });
 */
export function array<Value, Init, View>(
  type: StructType<Value, Init, View>,
  length: number,
): StructType<Value[], ArrayLike<Init>, ArrayView<View>> {
  checkCount(length, 'elements');
  const { size, align } = type;
  const layout = {
    size: size * length,
    align,
    read: (memory: StructMemory, at: number) => {
      const values: Value[] = [];
      for (let i = 0; i < length; i++) values.push(type.read(memory, at + i * size));
      return values;
    },
    write(memory: StructMemory, at: number, values: ArrayLike<Init>) {
      const hint = `give an array of at most ${length} elements`;
      if (typeof values !== 'object' || !Number.isInteger(values?.length)) return refusal(values, hint);
      if (values.length > length) {
        return { ...refusal(values, hint), problem: `has ${values.length} elements` };
      }
      for (let i = 0; i < values.length; i++) {
        const refused = type.write(memory, at + i * size, values[i] as Init);
        if (refused !== undefined) return refusalWithin(`[${i}]`, refused);
      }
      return undefined;
    },
  };
  const elements = {
    *[Symbol.iterator](): Generator<StructPart> {
      for (let i = 0; i < length; i++) yield { key: `${i}`, path: `[${i}]`, type, offset: i * size };
    },
  };
  const live = viewsOf(layout, elements, {
    length: { value: length },
    [Symbol.iterator]: { value: Array.prototype[Symbol.iterator] },
  });
  return Object.freeze({ ...layout, live: live as () => ArrayView<View> });
}

function alignOf(fields: StructFields): number {
  return Math.max(1, ...Object.values(fields).map(({ align }) => align));
}

function roundUp(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}

function partsOf(fields: StructFields, place: (type: AnyType) => number): readonly StructPart[] {
  const parts = Object.entries(fields).map(([key, type]) => ({ key, path: key, type, offset: place(type) }));
  if (parts.length === 0) {
    throw invalid('A struct or union without fields has no layout in C: give it at least one');
  }
  const number = parts.find(({ key }) => /^\d+$/.test(key));
  if (number !== undefined) {
    throw invalid(
      `A field can't be called '${number.key}', because JavaScript puts numbers first: give it a name`,
    );
  }
  return parts;
}

/** The layout of parts; a value may have at most `most` of them. */
function layoutOf(
  parts: readonly StructPart[],
  size: number,
  align: number,
  most: number,
  name = 'The struct',
) {
  const names = new Set(parts.map(({ key }) => key));
  const known = listOf([...names]);
  const inherited = new Set([...names].filter((name) => name in Object.prototype));
  const read = (memory: StructMemory, at: number) => {
    const value: Record<string, unknown> = {};
    for (const { key, type, offset } of parts) put(value, key, type.read(memory, at + offset));
    return value;
  };
  const write = (memory: StructMemory, at: number, value: Readonly<Record<string, unknown>>) => {
    if (typeof value !== 'object' || value === null) return refusal(value, `give an object with ${known}`);
    for (const key in value) if (!names.has(key)) return unknownField(key, known);
    let count = 0;
    for (const { key, type, offset } of parts) {
      const given = inherited.has(key) ? own(value, key) : value[key];
      if (given === undefined) continue;
      if (++count > most)
        return { ...refusal(value, `give one of ${known}`), problem: 'has several members' };
      const refused = type.write(memory, at + offset, given as never);
      if (refused !== undefined) return refusalWithin(key, refused);
    }
    return undefined;
  };
  const live = viewsOf({ size, align, read, write }, parts);
  const offsets: Record<string, number> = {};
  for (const { key, offset } of parts) put(offsets, key, offset);
  return Object.freeze({
    size,
    align,
    offsets: Object.freeze(offsets),
    read,
    write,
    live,
    encode(value: Readonly<Record<string, unknown>>, out?: Uint8Array) {
      const bytes = targetOf(out, size);
      throwRefusal(write(memoryOf(bytes), 0, value));
      return bytes;
    },
    decode: (bytes: Uint8Array, offset = 0) => read(checkedMemory(bytes, offset, size, name), offset),
    view: (bytes: Uint8Array, offset = 0) => live(checkedMemory(bytes, offset, size, name), offset, ''),
  });
}

/** Sets a property of any name: `__proto__`, too. */
function put<Value>(target: Record<string, Value>, key: string, value: Value): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

/** A property of the value, except one that every object has, such as `constructor`. */
function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  for (
    let object = value;
    object !== null && object !== Object.prototype;
    object = Object.getPrototypeOf(object)
  ) {
    if (Object.hasOwn(object, key)) return value[key];
  }
  return undefined;
}

function unknownField(key: string, known: string): StructRefusal {
  return { code: 'EINVAL', path: key, problem: 'is no field', hint: `give ${known}` };
}

function targetOf(out: Uint8Array | undefined, size: number): Uint8Array {
  if (out === undefined) return new Uint8Array(size);
  if (!isUint8Array(out) || out.length < size) {
    throw invalid(`out can't hold the struct: give a Uint8Array of at least ${size} bytes`);
  }
  return out.subarray(0, size).fill(0);
}

function checkedMemory(bytes: Uint8Array, offset: number, size: number, name: string): StructMemory {
  if (!isUint8Array(bytes) || !Number.isInteger(offset) || offset < 0) {
    throw invalid(
      `Bytes of ${typeof bytes} at the offset ${String(offset)} hold no struct: give a Uint8Array and an offset from 0`,
    );
  }
  if (bytes.length - offset < size) {
    const found = `${bytes.length - offset} bytes instead of ${size}`;
    throw new MpError(
      'EBADMSG',
      `${name} has ${found}: check that its sender is of a release that this declaration is made for`,
    );
  }
  return memoryOf(bytes);
}
