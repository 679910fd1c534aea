// The C structs in a message's param: fixed offsets, native-endian (little-endian, see bytes.ts).

import { putUtf8, utf8Length } from '../bytes.js';
import { MpError } from '../errors.js';

/** Size of a device's or port's name, NUL included: `RTE_DEV_NAME_MAX_LEN` of rte_dev.h. */
export const DEV_NAME_MAX_LEN = 64;

/** A view of the struct. Throws `EBADMSG` for a param that is shorter than it. */
export function viewOf(param: Uint8Array, size: number, what: string): DataView {
  if (param.length < size) {
    const sizes = `${param.length} bytes instead of ${size}`;
    throw new MpError(
      'EBADMSG',
      `${what} has ${sizes}: check that its sender is of a DPDK release that this library knows`,
    );
  }
  return new DataView(param.buffer, param.byteOffset, param.byteLength);
}

/** Writes a C string of a `char` array of `size` bytes: see {@link checkChars}. */
export function putChars(param: Uint8Array, offset: number, size: number, text: string, what: string): void {
  checkChars(text, size, what);
  putUtf8(param, offset, text);
}

/**
 * What a C string in a `char` array of `size` bytes must be: `EINVAL` unless it is a string that is not empty, without a
 * NUL and well-formed; `E2BIG` where it doesn't fit with its NUL. C would cut it.
 */
export function checkChars(text: string, size: number, what: string): void {
  if (typeof text !== 'string' || text === '') {
    throw new MpError('EINVAL', `${what} is no text or empty: give a string of 1 to ${size - 1} bytes`);
  }
  // never fewer bytes than UTF-16 units: a huge string is refused without a look at it
  const length = text.length >= size ? text.length : utf8Length(text);
  if (length >= size) {
    throw new MpError(
      'E2BIG',
      `${what} '${text.slice(0, 32)}...' is too long: give at most ${size - 1} bytes of UTF-8`,
    );
  }
  if (length < 0 || text.includes('\0')) {
    throw new MpError(
      'EINVAL',
      `${what} ${JSON.stringify(text)} has a NUL or half a surrogate pair in it: remove it`,
    );
  }
}

/** Throws `EINVAL` unless it is a whole number in that range: a DataView would write another one. */
export function checkInteger(value: number, least: number, most: number, what: string): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new MpError('EINVAL', `${what} is ${String(value)}: give a whole number from ${least} to ${most}`);
  }
}

/** Writes an address or another 64-bit number without a sign. Throws `EINVAL` for anything else. */
export function putUint64(view: DataView, offset: number, value: bigint, what: string): void {
  if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) {
    throw new MpError('EINVAL', `${what} is ${String(value)}: give a bigint from 0n to 2n ** 64n - 1n`);
  }
  view.setBigUint64(offset, value, true);
}

/** What C's `int` and `uint32_t` hold. */
export const INT32_MIN = -0x8000_0000;
export const INT32_MAX = 0x7fff_ffff;
export const UINT16_MAX = 0xffff;
export const UINT32_MAX = 0xffff_ffff;

/** Throws `EINVAL` for a number that isn't in the table: C leaves an unknown request without an answer. */
export function checkType(type: number, types: Readonly<Record<string, number>>, what: string): void {
  if (Object.values(types).includes(type)) return;
  const known = Object.entries(types).map(([name, number]) => `${name} (${number})`);
  throw new MpError('EINVAL', `${what} is ${String(type)}: give one of ${known.join(', ')}`);
}
