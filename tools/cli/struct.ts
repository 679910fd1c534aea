import { getChars } from '../../protocol/bytes.js';
import { MpError } from '../../protocol/errors.js';
import { type Layout, struct } from '../../protocol/struct.js';
import {
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  refusal,
  type StructRefusal,
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

type Value = string | number | bigint | undefined;

/** A type whose values are written as text. */
type TextType = StructType<Value, string>;

/** The largest field: far more than a message carries, far less than there is memory. */
const MAX_FIELD_BYTES = 2 ** 20;

const NUMBERS = { u8, u16, u32, u64, i8, i16, i32, i64, f32, f64 } as Readonly<
  Record<string, StructType<Value>>
>;

/** `'u32:1,s16:name'` as bytes. Throws `EINVAL` with the field that is wrong. */
export function encodeStruct(text: string): Uint8Array {
  const fields = splitFields(text);
  const layout = layoutOf(fields);
  return layout.encode(Object.fromEntries(fields.map((field, i) => [keyOf(field, i), textOf(field)])));
}

/** A value of a struct that was read: `undefined` is padding. */
export interface StructValue {
  readonly type: string;
  /** `count` for `u32:count`; without a name the type. */
  readonly name: string;
  readonly offset: number;
  readonly value: Value;
}

/** How many bytes a layout such as `'u32:count,s16'` describes. */
export function structSize(layout: string): number {
  return layoutOf(splitFields(layout)).size;
}

/** The bytes as a layout such as `'u32:count,s16:name'` describes them: names in the place of values. */
export function decodeStruct(layout: string, bytes: Uint8Array): StructValue[] {
  const fields = splitFields(layout);
  const { offsets, decode } = layoutOf(fields);
  const values = decode(bytes);
  return fields.map((field, i) => {
    const [type = '', name = type] = field.split(':');
    const key = keyOf(field, i);
    return { type, name, offset: offsets[key] as number, value: values[key] };
  });
}

/** The values by their names, without padding: numbers if JSON has them, else decimal text. */
export function structRecord(values: readonly StructValue[]): Record<string, string | number> {
  const record: Record<string, string | number> = {};
  for (const { name, value } of values) {
    if (typeof value === 'bigint')
      record[name] = Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;
    else if (value !== undefined) record[name] = value;
  }
  return record;
}

/** `name value` lines. */
export function structLines(values: readonly StructValue[]): string[] {
  return values.filter(({ value }) => value !== undefined).map(({ name, value }) => `${name} ${value}`);
}

function layoutOf(
  fields: readonly string[],
): Layout<Record<string, Value>, Readonly<Record<string, string>>, unknown, string> {
  const types = fields.map((field, i) => [keyOf(field, i), typeOf(field)] as const);
  return struct<Record<string, TextType>>(Object.fromEntries(types), { packed: true });
}

/** What errors call a field; the number tells fields of one text apart. */
function keyOf(field: string, i: number): string {
  return `Field ${i + 1} of the struct, '${field}',`;
}

function textOf(field: string): string {
  const colon = field.indexOf(':');
  if (colon >= 0 || field.startsWith('x')) return field.slice(colon + 1);
  throw badField(field, `give it a value, as in ${field}:1`);
}

/** Splits at the commas that have no backslash before them, and removes backslashes. */
function splitFields(text: string): string[] {
  const fields = [''];
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === '\\' && i + 1 < text.length) fields.push(`${fields.pop()}${text[++i]}`);
    else if (char === ',') fields.push('');
    else fields.push(`${fields.pop()}${char}`);
  }
  return fields;
}

function typeOf(field: string): TextType {
  const [name = ''] = field.split(':', 1);
  const [, kind = '', digits = ''] = /^([uifsx])(\d+)$/.exec(name.trim()) ?? [];
  const size = Number(digits);
  if (size > MAX_FIELD_BYTES) throw badField(field, `a field has at most ${MAX_FIELD_BYTES} bytes`);
  if (kind === 's' && size > 0) return textType(size);
  if (kind === 'x' && size > 0) return { size, align: 1, read: () => undefined, write: () => undefined };
  const number = NUMBERS[`${kind}${size}`];
  if (number !== undefined) return numberType(number, kind === 'f' ? decimal : wholeNumber);
  throw badField(field, 'there is no such type: u8 to u64, i8 to i64, f32, f64, s<bytes> or x<bytes>');
}

/** The same type for values that are written as text, which the parser may refuse. */
function numberType(
  type: StructType<Value>,
  parse: (text: string, size: number) => NumberOrRefusal,
): TextType {
  return {
    ...type,
    write(memory, at, text) {
      const value = parse(text, type.size);
      return typeof value === 'object' ? value : type.write(memory, at, value);
    },
  };
}

type NumberOrRefusal = number | bigint | StructRefusal;

function wholeNumber(text: string, size: number): NumberOrRefusal {
  const [, minus, digits] = /^\s*(-?)(0x[0-9a-f]+|\d+)\s*$/i.exec(text) ?? [];
  if (digits === undefined) return refusal(text, 'give a whole number, such as 16 or 0x10');
  const value = minus === '-' ? -BigInt(digits) : BigInt(digits);
  return size === 8 ? value : Number(value);
}

function decimal(text: string): NumberOrRefusal {
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? refusal(text, 'give a number, such as 1.5') : value;
}

/** Unlike `char(size)`, it takes text that fills the field without a NUL, as C's `strncpy` leaves it. */
function textType(size: number): TextType {
  return {
    size,
    align: 1,
    read: (memory, at) => getChars(memory.bytes.subarray(at, at + size), 0, size),
    write(memory, at, text) {
      const utf8 = Buffer.from(text, 'utf8');
      const { length } = utf8;
      if (length > size)
        return { ...refusal(text, `make it s${length + 1}`), problem: `has ${length} bytes` };
      memory.bytes.set(utf8, at);
      return undefined;
    },
  };
}

function badField(field: string, hint: string): MpError {
  return new MpError('EINVAL', `In the struct, '${field}': ${hint}`);
}
