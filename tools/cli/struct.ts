import { getChars } from '../../protocol/bytes.js';
import { MpError } from '../../protocol/errors.js';
import { type StructLayout, struct } from '../../protocol/struct.js';
import {
  bytes,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  type StructType,
  u8,
  u16,
  u32,
  u64,
} from '../../protocol/struct-types.js';

/** How `--struct` is written; part of the help of every command that takes it. */
export const STRUCT_HELP = `Structs: TYPE:VALUE, one after the other, little-endian, packed as written:
  u32:1,u64:0x10,s16:name
  u8 u16 u32 u64   unsigned, decimal or 0x…
  i8 i16 i32 i64   signed
  f32 f64          floating point
  s16              text of up to 16 bytes, filled up with NULs (any length);
                   write a comma as \\, and a backslash as \\\\
  x4               4 zero bytes, such as C's padding (any length)`;

/** The largest field: far more than a message carries, far less than there is memory. */
const MAX_FIELD_BYTES = 2 ** 20;

type Value = number | bigint | Uint8Array | undefined;

const NUMBERS = { u8, u16, u32, u64, i8, i16, i32, i64, f32, f64 } as Readonly<
  Record<string, StructType<Value>>
>;

/** One of the comma-separated fields, such as `u32:1` or `u32:count`. */
interface Field {
  readonly text: string;
  /** What errors call the field; the number tells fields of one text apart. */
  readonly key: string;
  /** The letter of the type. */
  readonly kind: string;
  readonly type: StructType<Value>;
  /** What is behind the colon: a value or a name. */
  readonly argument: string | undefined;
}

/** `'u32:1,s16:name'` as bytes. Throws `EINVAL` with the field that is wrong. */
export function encodeStruct(text: string): Uint8Array {
  const fields = parseFields(text);
  return layoutOf(fields).encode(Object.fromEntries(fields.map((field) => [field.key, parseValue(field)])));
}

/** How many bytes a layout such as `'u32:count,s16'` describes. */
export function structSize(layout: string): number {
  return layoutOf(parseFields(layout)).size;
}

/** A value of a struct that was read; without a name it has that of its type. */
export type StructValue = readonly [name: string, value: string | number | bigint];

/** The bytes as a layout such as `'u32:count,s16:name'` describes them, without padding. */
export function decodeStruct(layout: string, bytes: Uint8Array): StructValue[] {
  const fields = parseFields(layout);
  const values = layoutOf(fields).decode(bytes);
  return fields.flatMap(({ text, key, kind, argument = text }) => {
    const value = values[key];
    if (value === undefined || kind === 'x') return [];
    return [[argument, value instanceof Uint8Array ? getChars(value, 0, value.length) : value]];
  });
}

/** The values by their names: numbers if JSON has them, else decimal text. */
export function structRecord(values: readonly StructValue[]): Record<string, string | number> {
  const record: Record<string, string | number> = {};
  for (const [name, value] of values) {
    if (typeof value !== 'bigint') record[name] = value;
    else record[name] = Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;
  }
  return record;
}

/** `name value` lines. */
export function structLines(values: readonly StructValue[]): string[] {
  return values.map((value) => value.join(' '));
}

function layoutOf(fields: readonly Field[]): StructLayout<Readonly<Record<string, StructType<Value>>>> {
  return struct(Object.fromEntries(fields.map(({ key, type }) => [key, type])), { packed: true });
}

function parseFields(text: string): Field[] {
  return splitFields(text).map((field, i) => {
    const [, name = '', argument] = /^([^:]*)(?::(.*))?$/s.exec(field) ?? [];
    const [, kind = '', digits = ''] = /^([uifsx])(\d+)$/.exec(name.trim()) ?? [];
    const type = typeOf(field, kind, Number(digits));
    return { text: field, key: `Field ${i + 1} of the struct, '${field}',`, kind, type, argument };
  });
}

/** Splits at the commas that have no backslash before them, and removes backslashes. */
function splitFields(text: string): string[] {
  const fields = [''];
  for (const [, escaped, char] of text.matchAll(/\\(.)|(.)/gs)) {
    if (char === ',') fields.push('');
    else fields.push(`${fields.pop()}${escaped ?? char}`);
  }
  return fields;
}

function typeOf(field: string, kind: string, size: number): StructType<Value> {
  if (size > MAX_FIELD_BYTES) throw badField(field, `a field has at most ${MAX_FIELD_BYTES} bytes`);
  const type = /[sx]/.test(kind) && size > 0 ? bytes(size) : NUMBERS[`${kind}${size}`];
  if (type !== undefined) return type as StructType<Value>;
  throw badField(field, 'there is no such type: u8 to u64, i8 to i64, f32, f64, s<bytes> or x<bytes>');
}

/** Parses the value of a field; `undefined` for padding, which stays 0. */
function parseValue({ text, kind, type: { size }, argument }: Field): Value {
  if (kind === 'x') return undefined;
  if (argument === undefined) throw badField(text, `give it a value, as in ${text}:1`);
  if (kind === 's') {
    // text that fills the field needs no NUL: C's strncpy leaves none, either
    const utf8 = Buffer.from(argument, 'utf8');
    if (utf8.length <= size) return utf8;
    throw badField(text, `it has ${utf8.length} bytes, make it s${utf8.length + 1}`);
  }
  if (kind === 'f') {
    const value = Number(argument);
    if (argument.trim() !== '' && !Number.isNaN(value)) return value;
    throw badField(text, 'give a number, such as 1.5');
  }
  const [, minus, digits] = /^\s*(-?)(0x[0-9a-f]+|\d+)\s*$/i.exec(argument) ?? [];
  if (digits === undefined) throw badField(text, 'give a whole number, such as 16 or 0x10');
  const value = minus === '-' ? -BigInt(digits) : BigInt(digits);
  return size === 8 ? value : Number(value);
}

function badField(field: string, hint: string): MpError {
  return new MpError('EINVAL', `In the struct, '${field}': ${hint}`);
}
