import { constants, openSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { MpChannel } from '../../lib/channel.js';
import { openSecondary } from '../../lib/open.js';
import { DIALECTS, type DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import type { Message } from '../../protocol/message.js';
import { fileError } from '../../sys/errors.js';
import { type PlaceOptions, withJson, withPlace, withTime } from './options.js';
import { encodeStruct } from './struct.js';

/** What `request` and `send` have in common. */
export interface MessageOptions extends PlaceOptions, PayloadOptions {
  readonly fd?: readonly string[];
  readonly fdRw?: readonly string[];
  readonly timeout: number;
  readonly peer?: boolean;
  readonly dialect?: DialectId;
  readonly json?: boolean;
}

export function withMessage(command: Command): Command {
  withPayload(command)
    .option('--fd <file...>', 'pass descriptors of these files, opened for reading; /dev/fd/N is one of ours')
    .option('--fd-rw <file...>', 'the same, for reading and writing');
  return withJson(withDialect(withPlace(withTime(command, 'give up after 500ms, 2s …', 5_000))));
}

/** Adds `--dialect`. */
export function withDialect(command: Command): Command {
  return command.addOption(
    new Option('--dialect <dialect>', 'of a primary whose release is unknown').choices(Object.keys(DIALECTS)),
  );
}

/** The message that the options describe; the descriptors are ours to the end of the process. */
export function messageOf(name: string, options: MessageOptions): Message {
  const param = payloadOf(options);
  const fds = [
    ...(options.fd ?? []).map((file) => open(file, constants.O_RDONLY)),
    ...(options.fdRw ?? []).map((file) => open(file, constants.O_RDWR)),
  ];
  return { name, param, fds };
}

/** Nobody waits for a secondary that is private; `peer` is for actions whose primary asks back. */
export async function openChannel({
  filePrefix,
  runtimeDir,
  dialect,
  peer,
}: PlaceOptions & { readonly dialect?: DialectId; readonly peer?: boolean }): Promise<MpChannel> {
  return openSecondary({ filePrefix, runtimeDir, dialect, visibility: peer ? 'peer' : 'private' });
}

function open(file: string, flags: number): number {
  try {
    return openSync(file, flags);
  } catch (error) {
    throw fileError(error, file, 'Give --fd a file that can be opened');
  }
}

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
