import { getChars } from '../../protocol/bytes.js';
import { MpError } from '../../protocol/errors.js';

/** How `--struct` is written; part of the help of every command that takes it. */
export const STRUCT_HELP = `Structs: TYPE:VALUE, one after the other, little-endian, packed as written:
  u32:1,u64:0x10,s16:name
  u8 u16 u32 u64   unsigned, decimal or 0x…
  i8 i16 i32 i64   signed
  f32 f64          floating point
  s16              text of up to 16 bytes, filled up with NULs (any length);
                   write a comma as \\, and a backslash as \\\\
  x4               4 zero bytes, such as C's padding (any length)`;

/** One field: its bytes and how a value gets in and out of them. */
interface FieldType {
  readonly size: number;
  encode(value: string, view: DataView): void;
  decode(view: DataView): string | number | bigint | undefined;
}

/** Of one field: far more than a message carries, far less than there is memory. */
const MOST_BYTES = 2 ** 20;

/** `'u32:1,s16:name'` as bytes. Throws `EINVAL` with the field that is wrong. */
export function encodeStruct(text: string): Uint8Array {
  const fields = splitFields(text).map((field) => {
    const colon = field.indexOf(':');
    const name = colon < 0 ? field : field.slice(0, colon);
    const type = typeNamed(name, field);
    const bytes = new Uint8Array(type.size);
    if (colon < 0 && !name.startsWith('x')) throw badField(field, `give it a value, as in ${name}:1`);
    type.encode(colon < 0 ? '' : field.slice(colon + 1), new DataView(bytes.buffer));
    return bytes;
  });
  return Buffer.concat(fields);
}

/** A value of a struct that was read: `undefined` is padding. */
export interface StructValue {
  readonly type: string;
  /** As in `u32:count`, or the type. */
  readonly name: string;
  readonly offset: number;
  readonly value: string | number | bigint | undefined;
}

/** How many bytes a layout such as `'u32:count,s16'` describes. */
export function structSize(layout: string): number {
  return splitFields(layout).reduce((size, field) => size + typeOf(field).size, 0);
}

/** The bytes as a layout such as `'u32:count,s16:name'` describes them: names in the place of values. */
export function decodeStruct(layout: string, bytes: Uint8Array): StructValue[] {
  let offset = 0;
  return splitFields(layout).map((field) => {
    const type = typeOf(field);
    const [typeName = '', name = typeName] = field.split(':');
    const value = type.decode(new DataView(bytes.buffer, bytes.byteOffset + offset, type.size));
    const at = offset;
    offset += type.size;
    return { type: typeName, name, offset: at, value };
  });
}

/** The values by their names, without padding: numbers as far as JSON has them, else decimal text. */
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

function typeOf(field: string): FieldType {
  return typeNamed(field.split(':')[0] ?? '', field);
}

/** At the commas that have no backslash before them, which goes away. */
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

function typeNamed(name: string, field: string): FieldType {
  const [, kind = '', digits = ''] = /^([uifsx])(\d+)$/.exec(name.trim()) ?? [];
  const size = Number(digits);
  if (size > MOST_BYTES) throw badField(field, `a field has at most ${MOST_BYTES} bytes`);
  if (kind === 's' && size > 0) return textType(size, field);
  if (kind === 'x' && size > 0) return { size, encode: () => {}, decode: () => undefined };
  if ((kind === 'u' || kind === 'i') && [8, 16, 32, 64].includes(size)) {
    return integerType(size, kind === 'i', field);
  }
  if (kind === 'f' && (size === 32 || size === 64)) return floatType(size, field);
  throw badField(field, 'there is no such type: u8 to u64, i8 to i64, f32, f64, s<bytes> or x<bytes>');
}

function integerType(bits: number, signed: boolean, field: string): FieldType {
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  return {
    size: bits / 8,
    encode(text, view) {
      const value = integerOf(text, field);
      if (value < least || value > most) throw badField(field, `give a number from ${least} to ${most}`);
      const low = BigInt.asUintN(bits, value);
      for (let i = 0; i < bits / 8; i++) view.setUint8(i, Number((low >> BigInt(8 * i)) & 0xffn));
    },
    decode(view) {
      let value = 0n;
      for (let i = bits / 8 - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(i));
      const whole = signed ? BigInt.asIntN(bits, value) : value;
      return bits === 64 ? whole : Number(whole);
    },
  };
}

function integerOf(text: string, field: string): bigint {
  const [, minus, digits] = /^\s*(-?)(0x[0-9a-f]+|\d+)\s*$/i.exec(text) ?? [];
  if (digits === undefined) throw badField(field, 'give a whole number, such as 16 or 0x10');
  return minus === '-' ? -BigInt(digits) : BigInt(digits);
}

function floatType(bits: 32 | 64, field: string): FieldType {
  return {
    size: bits / 8,
    encode(text, view) {
      const value = Number(text);
      if (text.trim() === '' || Number.isNaN(value)) throw badField(field, 'give a number, such as 1.5');
      if (bits === 32) view.setFloat32(0, value, true);
      else view.setFloat64(0, value, true);
    },
    decode: (view) => (bits === 32 ? view.getFloat32(0, true) : view.getFloat64(0, true)),
  };
}

function textType(size: number, field: string): FieldType {
  return {
    size,
    encode(text, view) {
      const bytes = Buffer.from(text, 'utf8');
      if (bytes.length > size)
        throw badField(field, `the text has ${bytes.length} bytes: make it s${bytes.length + 1}`);
      new Uint8Array(view.buffer).set(bytes);
    },
    decode(view) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, size);
      return getChars(bytes, 0, size);
    },
  };
}

function badField(field: string, hint: string): MpError {
  return new MpError('EINVAL', `In the struct, '${field}': ${hint}`);
}
