import { MpError } from '../../protocol/errors.js';

/** Readers of C fields. Each throws `ELAYOUT` with the field's name for an impossible value. */

/** Bytes of a shared file, with its path for messages. */
export interface Source {
  readonly bytes: Buffer;
  readonly path: string;
}

/** Returns the `ELAYOUT` error for a shared file that holds what no known layout has there; names the field and its value. */
export function layoutError(path: string, field: string, value: unknown, expected: string): MpError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new MpError(
    'ELAYOUT',
    `${path}: ${field} is ${shown}, expected ${expected}. Check that an unmodified DPDK primary made this file, and that no primary is starting over`,
    { path },
  );
}

/** End of user-space addresses, 2^47 on x86-64 and 2^48 on arm64, so that they are exact as numbers. */
export const MAX_ADDRESS = 2 ** 48;
/** Larger than the largest page of any architecture DPDK runs on (16 GiB). */
const MAX_PAGE_SIZE = 2 ** 34;
/** The smallest page of these architectures. */
export const MIN_PAGE_SIZE = 4096;

/** Reads a `void *` or a length, which is below 2^48. */
export function readAddress(source: Source, offset: number, field: string): number {
  const value = source.bytes.readBigUInt64LE(offset);
  if (value >= BigInt(MAX_ADDRESS)) throw layoutError(source.path, field, value, 'less than 2^48');
  return Number(value);
}

export function readPageSize(source: Source, offset: number, field: string): number {
  const value = readAddress(source, offset, field);
  if (!isPageSize(value)) throw layoutError(source.path, field, value, 'a power of two from 4096 to 2^34');
  return value;
}

export function isPageSize(value: unknown): value is number {
  return isPowerOfTwo(value) && value >= MIN_PAGE_SIZE && value <= MAX_PAGE_SIZE;
}

/** Reads a 32-bit 0 or 1. */
export function readFlag(source: Source, offset: number, field: string): boolean {
  const value = source.bytes.readUInt32LE(offset);
  if (value > 1) throw layoutError(source.path, field, value, '0 or 1');
  return value === 1;
}

/** Reads a NUL-terminated string of printable ASCII in `size` bytes. */
export function readText(source: Source, offset: number, size: number, field: string): string {
  return readString(source, offset, size, field, 'latin1', /^[\x20-\x7e]*$/);
}

/** Reads a NUL-terminated path, which users may write in any script. */
export function readPath(source: Source, offset: number, size: number, field: string): string {
  return readString(source, offset, size, field, 'utf8', /^\P{Cc}*$/u);
}

function readString(
  { bytes, path }: Source,
  offset: number,
  size: number,
  field: string,
  encoding: 'latin1' | 'utf8',
  possible: RegExp,
): string {
  const area = bytes.subarray(offset, offset + size);
  const end = area.indexOf(0);
  const text = area.toString(encoding, 0, end < 0 ? size : end);
  if (end < 0 || !possible.test(text)) {
    throw layoutError(path, field, text, 'NUL-terminated printable text');
  }
  return text;
}

/** Writes ASCII to bytes that are zero: so the NUL is there already. */
export function writeText(into: DataView, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) into.setUint8(offset + i, text.charCodeAt(i));
}

export function isPowerOfTwo(value: unknown): value is number {
  // Math.log2 is rounded for large numbers
  return (
    Number.isInteger(value) && (value as number) > 0 && 2 ** Math.round(Math.log2(value as number)) === value
  );
}
