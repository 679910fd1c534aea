// What the codecs of params have in common: limits, checks, and the records of releases.
import type { Layout } from '../struct.js';
import { listOf, refusal, refusalOfText, throwRefusal } from '../struct-types.js';

/** Size of a device's or port's name, NUL included: `RTE_DEV_NAME_MAX_LEN` of rte_dev.h. */
export const DEV_NAME_MAX_LEN = 64;

export const INT32_MAX = 0x7fff_ffff;
export const UINT16_MAX = 0xffff;

/** Encodes the properties of a message that its struct has; the message may have others. */
export function encodeFields<Init extends object>(
  layout: Layout<unknown, Init, unknown, PropertyKey>,
  message: Init,
): Uint8Array {
  const fields: Partial<Init> = {};
  for (const name of Object.keys(layout.offsets) as (keyof Init)[]) fields[name] = message[name];
  return layout.encode(fields as Init);
}

/** Throws `EINVAL` or `E2BIG` unless the text is not empty and fits as a C string into `char[size]`. */
export function checkChars(text: string, size: number, what: string): void {
  const empty = text === '' ? refusal(text, `give a string of 1 to ${size - 1} bytes of UTF-8`) : undefined;
  throwRefusal(empty ?? refusalOfText(text, size), what);
}

/** Throws `EINVAL` unless the number is a whole one in the range, which is smaller than that of its C type. */
export function checkInteger(value: number, least: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throwRefusal(refusal(value, `give a whole number from ${least} to ${most}`), what);
}

/** Throws `EINVAL` for a number that isn't in the table: C leaves an unknown request without an answer. */
export function checkType(type: number, types: Readonly<Record<string, number>>, what: string): void {
  if (Object.values(types).includes(type)) return;
  const known = Object.entries(types).map(([name, number]) => `${name} (${number})`);
  throwRefusal(refusal(type, `give ${listOf(known)}`), what);
}

/** What holds since a release, until the next entry: version words (`RTE_VERSION_NUM` of rte_version.h) in order. */
export type Changes<T> = readonly [first: T, ...later: (readonly [since: number, record: T])[]];

/** The record of a primary's version word; see `dialectOf` for where to get it. */
export function recordOf<T>([first, ...later]: Changes<T>, versionWord: number): T {
  return later.findLast(([since]) => versionWord >= since)?.[1] ?? first;
}
