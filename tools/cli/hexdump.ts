import type { ReceivedMessage } from '../../lib/messages/message.js';
import { MpError } from '../../protocol/errors.js';
import { linkOf, textOf } from '../../sys/proc.js';
import { visible } from './output.js';

const WIDTH = 16;

/** As `hexdump -C`: 16 bytes a line, lines that repeat as one `*`. `base` is the offset of the first byte. */
export function hexdump(bytes: Uint8Array, base = 0): string {
  return [...hexdumpLines(bytes, base)].join('\n');
}

/** The same line by line, for what is long. */
export function* hexdumpLines(bytes: Uint8Array, base = 0): Generator<string> {
  let last: Uint8Array | undefined;
  let isRepeating = false;
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const row = bytes.subarray(at, at + WIDTH);
    const isSame = last !== undefined && Buffer.compare(row, last) === 0 && at + WIDTH < bytes.length;
    if (!isSame) yield line(row, base + at);
    else if (!isRepeating) yield '*';
    isRepeating = isSame;
    last = row;
  }
}

function line(row: Uint8Array, offset: number): string {
  const cells = Array.from({ length: WIDTH }, (_, i) => row[i]?.toString(16).padStart(2, '0') ?? '  ');
  const half = WIDTH / 2;
  const hex = `${cells.slice(0, half).join(' ')}  ${cells.slice(half).join(' ')}`;
  return `${offset.toString(16).padStart(8, '0')}  ${hex}  |${printable(row)}|`;
}

/** ASCII that shows, and a dot for every other byte. */
function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(
    '',
  );
}

/** Twice this, as hex, fits into one string of V8 with all that stands around it. */
const MOST_HEX = 100 * 2 ** 20;
const PART = 2 ** 20;

/** `ERANGE` for more than one string can have. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length <= MOST_HEX) return hexOf(bytes);
  throw new MpError(
    'ERANGE',
    `${bytes.length} bytes are too many for one text in JSON: leave out --json, or take ${MOST_HEX} at a time`,
  );
}

/** The same in parts, for any length. */
export function* hexParts(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; at += PART) yield hexOf(bytes.subarray(at, at + PART));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a string without control characters, with NULs behind it or none; `undefined` where the bytes are something
 * else.
 */
function asText(bytes: Uint8Array): string | undefined {
  const nul = bytes.indexOf(0) < 0 ? bytes.length : bytes.indexOf(0);
  if (nul === 0 || bytes.subarray(nul).some((byte) => byte !== 0)) return undefined;
  try {
    const text = utf8.decode(bytes.subarray(0, nul));
    return /^[^\p{Cc}]*$/u.test(text.replaceAll(/[\t\n]/g, '')) ? text : undefined;
  } catch {
    return undefined; // not UTF-8
  }
}

/** A received message, for `--json`. */
export interface MessageRecord {
  readonly name: string;
  readonly length: number;
  readonly hex: string;
  /** If it is one: see `asText`. */
  readonly text: string | undefined;
  readonly fds: readonly FdRecord[];
}

/** A received descriptor, while it is open. */
interface FdRecord {
  readonly fd: number;
  /** What /proc/self/fd says: a path, `pipe:[123]`, `socket:[123]`. */
  readonly target: string;
  readonly access: 'read-only' | 'write-only' | 'read-write' | 'unknown';
}

export function recordOf({ name, param, fds }: ReceivedMessage): MessageRecord {
  return { name, length: param.length, hex: toHex(param), text: asText(param), fds: fds.map(fdRecord) };
}

/** For people: a text as it is, other bytes as a hexdump, a line for each descriptor. */
export function describeBody(param: Uint8Array, fds: readonly number[]): string {
  const body = asText(param) ?? (param.length === 0 ? '(empty)' : hexdump(param));
  return [body, ...fds.map(fdRecord).map(describeFd)].join('\n');
}

function describeFd({ fd, target, access }: FdRecord): string {
  return `descriptor ${fd}: ${visible(target)} (${access})`;
}

function fdRecord(fd: number): FdRecord {
  return { fd, target: linkOf(`/proc/self/fd/${fd}`) ?? 'unknown', access: accessOf(fd) };
}

const ACCESS = ['read-only', 'write-only', 'read-write'] as const;

/** The lowest two bits of the flags, which are octal in /proc. */
function accessOf(fd: number): FdRecord['access'] {
  const flags = /^flags:\s+([0-7]+)/m.exec(textOf(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
  return (flags === undefined ? undefined : ACCESS[Number.parseInt(flags, 8) & 3]) ?? 'unknown';
}
