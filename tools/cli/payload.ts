import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { MpError } from '../../protocol/errors.js';
import { fileError } from '../../sys/system-error.js';
import { encodeStruct } from './struct.js';

/** Bytes as a user gives them, in one of four ways. */
export interface PayloadOptions {
  readonly text?: string;
  readonly hex?: string;
  readonly file?: string;
  readonly struct?: string;
}

const WAYS: readonly (readonly [flag: string, about: string])[] = [
  ['--text <text>', 'UTF-8 with a trailing NUL, as C programs expect it'],
  ['--hex <bytes>', "such as 01ff or '01 ff'"],
  ['--file <path>', "a file's bytes; - is standard input"],
  ['--struct <fields>', "such as 'u32:1,u64:0x10,s16:name', see below"],
];

/** Adds `--text`, `--hex`, `--file` and `--struct`, of which one may be given. */
export function withPayload(command: Command): Command {
  const names = WAYS.map(([flag]) => flag.slice(2, flag.indexOf(' ')));
  for (const [i, [flag, about]] of WAYS.entries()) {
    command.addOption(new Option(flag, about).conflicts(names.filter((_, other) => other !== i)));
  }
  return command;
}

/** The bytes that were given, `undefined` if none were. A text without its NUL, which the codec adds. */
export function payloadOf({ text, hex, file, struct }: PayloadOptions): Uint8Array | string | undefined {
  if (text !== undefined) return text;
  if (hex !== undefined) return parseHex(hex);
  if (file !== undefined) return readBytes(file);
  return struct === undefined ? undefined : encodeStruct(struct);
}

/** The same with a text's NUL, for memory. */
export function payloadBytes(options: PayloadOptions): Uint8Array | undefined {
  const payload = payloadOf(options);
  return typeof payload === 'string' ? Buffer.from(`${payload}\0`) : payload;
}

/** `'01ff'`, `'01 ff'`, `'01:ff'`, `'0x01ff'`. */
function parseHex(text: string): Uint8Array {
  const digits = text.replace(/^0x/i, '').replace(/[\s:,]/g, '');
  if (digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits)) return Buffer.from(digits, 'hex');
  throw new MpError('EINVAL', `--hex '${text}' isn't bytes in hex: give two digits for each, such as 01ff`);
}

const STDIN = 0;

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? STDIN : file);
  } catch (error) {
    throw fileError(error, file, 'Give --file a file that can be read');
  }
}
