import { isUint8Array, utf8Length } from './bytes.js';
import type { Dialect } from './dialect.js';
import { invalid, MpError } from './errors.js';
import { type Message, MP_MAX_NAME_LEN, MP_MAX_PARAM_LEN } from './message.js';

/** Largest descriptor, a C int, and largest timeout of a Node timer. */
const INT32_MAX = 0x7fffffff;

const NO_PARAM = new Uint8Array(0);
const NO_FDS: readonly number[] = Object.freeze([]);

const WELL_FORMED = 'it has half a surrogate pair, so make it a string that UTF-8 can hold';

/** The last name that passed the check. A program mostly sends the same name again. */
let lastGoodName: string | undefined;

/**
 * Checks a name as `validate_action_name` (eal_common_proc.c) does. Throws `EINVAL` for an empty name, `E2BIG` for 64 bytes of
 * UTF-8 or more. Also throws `EINVAL` for a value that is no string, a NUL inside, and half a surrogate pair.
 *
 * @example
 * checkName('mp_malloc_sync');
 */
export function checkName(name: string): void {
  if (name === lastGoodName) return;
  if (typeof name !== 'string' || name === '') {
    throw invalid(
      `a message's name is ${name === '' ? 'empty' : describe(name)}: give a string of 1 to 63 bytes`,
    );
  }
  // UTF-8 has at least as many bytes as UTF-16 has units, so a huge string is refused without reading it
  const length = name.length >= MP_MAX_NAME_LEN ? name.length : utf8Length(name);
  if (length >= MP_MAX_NAME_LEN) {
    throw new MpError(
      'E2BIG',
      `the name '${name.slice(0, 32)}...' is too long: shorten it to 63 bytes of UTF-8`,
    );
  }
  if (length < 0) {
    throw invalid(`the name ${JSON.stringify(name)} isn't well-formed: ${WELL_FORMED}`);
  }
  if (name.includes('\0')) {
    throw invalid(`the name ${JSON.stringify(name)} has a NUL in it: C ends it there, remove it`);
  }
  lastGoodName = name;
}

/** A message whose properties were read once and checked; `param` is not encoded yet. */
export interface MessageFields {
  readonly name: string;
  /** The caller's bytes, or a text that is sent as UTF-8 with a NUL behind it. */
  readonly param: Uint8Array | string;
  /** Length of `param` on the wire, in bytes. */
  readonly paramLength: number;
  /** A copy of the caller's array. */
  readonly fds: readonly number[];
}

/**
 * Reads each property of a message once, so that a getter can't change it between check and use. Checks them as `check_input`
 * (eal_common_proc.c) does, in its order. Throws `EINVAL` for no message, a bad name or param, `E2BIG` for a long name, then a
 * long param, then more descriptors than the dialect takes. Also throws `EBADF` for `fds` that can't be descriptors, which C
 * leaves to the kernel.
 */
export function readMessage(message: Message, dialect: Dialect): MessageFields {
  if (typeof message !== 'object' || message === null) {
    throw invalid(`the message is ${describe(message)}: give an object with a name`);
  }
  const { name, param = NO_PARAM, fds } = message;
  checkName(name);
  const paramLength = lengthOfParam(param);
  if (fds !== undefined && !Array.isArray(fds)) {
    throw new MpError('EBADF', `fds is ${describe(fds)}: give an array of descriptor numbers`);
  }
  if (paramLength > MP_MAX_PARAM_LEN) {
    const what = typeof param === 'string' ? 'as UTF-8 with its trailing NUL ' : '';
    throw new MpError(
      'E2BIG',
      `the param of '${name}' ${what}has ${paramLength} bytes: send at most ${MP_MAX_PARAM_LEN}, ` +
        'or pass a descriptor of shared memory',
    );
  }
  return { name, param, paramLength, fds: fds === undefined ? NO_FDS : readFds(dialect, name, fds) };
}

function lengthOfParam(param: Uint8Array | string): number {
  if (isUint8Array(param)) return param.length;
  if (typeof param !== 'string') {
    throw invalid(`param is ${describe(param)}: give a Uint8Array or a string`);
  }
  if (param.length >= MP_MAX_PARAM_LEN) return param.length + 1; // too long without reading it
  const length = utf8Length(param);
  if (length < 0) throw invalid(`param isn't well-formed: ${WELL_FORMED}, or send a Uint8Array`);
  return length + 1;
}

function readFds(dialect: Dialect, name: string, fds: readonly number[]): readonly number[] {
  const count = fds.length;
  checkFdCount(dialect, name, count);
  const copy: number[] = [];
  for (let i = 0; i < count; i++) {
    const fd = fds[i];
    if (!isDescriptor(fd)) {
      throw new MpError(
        'EBADF',
        `fds[${i}] of '${name}' is ${describe(fd)}: give an open descriptor's number`,
      );
    }
    copy.push(fd);
  }
  return copy;
}

/** Throws `E2BIG` for more descriptors than the dialect has room for. */
export function checkFdCount(dialect: Dialect, name: string, count: number): void {
  if (count <= dialect.maxFds) return;
  throw new MpError(
    'E2BIG',
    `'${name}' carries ${count} descriptors and dialect ${dialect.id} takes ${dialect.maxFds}: ` +
      'send the rest in further messages',
  );
}

function isDescriptor(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= INT32_MAX;
}

/**
 * Checks a timeout in milliseconds. Throws `EINVAL` unless it is a number above 0 and up to 2^31-1. C crashes on NULL, hangs on
 * some negative timeouts, and sends the message before it fails on zero; here nothing is sent.
 *
 * @example
 * checkTimeout(5000);
 */
export function checkTimeout(ms: number): void {
  if (typeof ms !== 'number' || !(ms > 0) || ms > INT32_MAX) {
    throw invalid(`the timeout is ${describe(ms)}: give milliseconds above 0, up to ${INT32_MAX}`);
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
