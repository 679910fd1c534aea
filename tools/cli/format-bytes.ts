import type { ReceivedMessage } from '../../lib/messages/message.js';
import { MpError } from '../../protocol/errors.js';
import { linkOf, textOf } from '../../sys/proc.js';
import { visible } from './output.js';

const WIDTH = 16;

/** Dumps bytes as `hexdump -C` does: 16 a line, repeated lines as one `*`. `base` is the offset of the first byte. */
export function hexdump(bytes: Uint8Array, base = 0): string {
  return [...hexdumpLines(bytes, base)].join('').trimEnd();
}

/** Same as {@link hexdump}, line by line, for many bytes. */
export function* hexdumpLines(bytes: Uint8Array, base = 0): Generator<string> {
  let last: Uint8Array | undefined;
  let isRepeating = false;
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const row = bytes.subarray(at, at + WIDTH);
    const isSame = last !== undefined && Buffer.compare(row, last) === 0 && at + WIDTH < bytes.length;
    if (!isSame) yield line(row, base + at);
    else if (!isRepeating) yield '*\n';
    isRepeating = isSame;
    last = row;
  }
}

function line(row: Uint8Array, offset: number): string {
  const cells = Array.from({ length: WIDTH }, (_, i) => row[i]?.toString(16).padStart(2, '0') ?? '  ');
  const half = WIDTH / 2;
  const hex = `${cells.slice(0, half).join(' ')}  ${cells.slice(half).join(' ')}`;
  const ascii = Buffer.from(row)
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '.');
  return `${offset.toString(16).padStart(8, '0')}  ${hex}  |${ascii}|\n`;
}

/** The hex digits of this many bytes fit into one string of V8, with the JSON around them. */
const MAX_HEX_BYTES = 100 * 2 ** 20;
const HEX_PART_BYTES = 2 ** 20;

/** All bytes in hex. Throws `ERANGE` for more than one string can hold. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length <= MAX_HEX_BYTES)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  throw new MpError(
    'ERANGE',
    `${bytes.length} bytes are too many for one string in JSON: leave out --json, or take ${MAX_HEX_BYTES} at a time`,
  );
}

/** Same as {@link toHex}, in parts, for any number of bytes. */
export function* hexParts(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; at += HEX_PART_BYTES)
    yield toHex(bytes.subarray(at, at + HEX_PART_BYTES));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The bytes as text, if they are UTF-8 without control characters other than tab and line feed, with or without NULs
 * behind it; otherwise `undefined`.
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

/** Describes a message for `--json`. */
export function messageRecord({ name, param, fds }: ReceivedMessage) {
  return { name, length: param.length, hex: toHex(param), text: asText(param), fds: fds.map(fdRecord) };
}

/** Describes a message for people: text as it is, other bytes as a hexdump, a line for each descriptor. */
export function describeBody({ param, fds }: ReceivedMessage): string {
  const body = asText(param) ?? (param.length === 0 ? '(empty)' : hexdump(param));
  const lines = fds
    .map(fdRecord)
    .map(({ fd, target, access }) => `descriptor ${fd}: ${visible(target)} (${access})`);
  return [body, ...lines].join('\n');
}

const ACCESS = ['read-only', 'write-only', 'read-write'] as const;

/** Describes an open descriptor. `target` is a path, `pipe:[123]` or `socket:[123]`. */
function fdRecord(fd: number) {
  // in octal; the lowest two bits are the access mode
  const flags = /^flags:\s+([0-7]+)/m.exec(textOf(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
  return {
    fd,
    target: linkOf(`/proc/self/fd/${fd}`) ?? 'unknown',
    access: ACCESS[Number.parseInt(flags ?? '3', 8) & 3] ?? 'unknown',
  };
}
