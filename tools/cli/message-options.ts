import { constants, openSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { MpChannel } from '../../lib/channel.js';
import { openSecondary } from '../../lib/open.js';
import { MpError } from '../../protocol/errors.js';
import type { Message } from '../../protocol/message.js';
import { withFileErrors } from '../../sys/errors.js';
import { type PrefixOptions, withDialect, withJson, withPrefix, withTime } from './options.js';
import { encodeStruct } from './struct.js';

/** Options of `request` and `send`. */
export interface MessageOptions extends PrefixOptions, PayloadOptions {
  readonly fd?: readonly string[];
  readonly fdRw?: readonly string[];
  readonly timeout: number;
  readonly peer?: boolean;
}

/** Adds the options of {@link MessageOptions} but `--peer`. */
export function withMessage(command: Command): Command {
  withPayload(command)
    .option(
      '--fd <file...>',
      'pass descriptors of these files, opened for reading; /dev/fd/N is one that is open',
    )
    .option('--fd-rw <file...>', 'the same, for reading and writing');
  return withJson(withDialect(withPrefix(withTime(command, 'give up after 500ms, 2s …', 5_000))));
}

/** The message that the options describe. Its descriptors stay open until the process ends. */
export function messageOf(name: string, options: MessageOptions): Message {
  const param = payloadOf(options);
  const fds = [
    ...(options.fd ?? []).map((file) => open(file, constants.O_RDONLY)),
    ...(options.fdRw ?? []).map((file) => open(file, constants.O_RDWR)),
  ];
  return { name, param, fds };
}

/** Opens a private secondary, which no primary waits for; with `peer` one that actions can ask back. */
export function openChannel(options: PrefixOptions & { readonly peer?: boolean }): Promise<MpChannel> {
  const { filePrefix, runtimeDir, dialect, peer } = options;
  return openSecondary({ filePrefix, runtimeDir, dialect, visibility: peer ? 'peer' : 'private' });
}

function open(file: string, flags: number): number {
  return withFileErrors(file, () => openSync(file, flags), 'Give --fd a file that can be opened');
}

/** The bytes of a param or a write, in one of four forms. */
export interface PayloadOptions {
  readonly text?: string;
  readonly hex?: string;
  readonly file?: string;
  readonly struct?: string;
}

const FORMS: readonly (readonly [flag: string, about: string])[] = [
  ['--text <text>', 'UTF-8 with a trailing NUL, as C programs expect it'],
  ['--hex <bytes>', "such as 01ff or '01 ff'"],
  ['--file <path>', "a file's bytes; - is standard input"],
  ['--struct <fields>', "such as 'u32:1,u64:0x10,s16:name', see below"],
];

/** Adds `--text`, `--hex`, `--file` and `--struct`, which exclude each other. */
export function withPayload(command: Command): Command {
  const names = FORMS.map(([flag]) => flag.slice(2, flag.indexOf(' ')));
  for (const [i, [flag, about]] of FORMS.entries()) {
    command.addOption(new Option(flag, about).conflicts(names.filter((_, other) => other !== i)));
  }
  return command;
}

/** The bytes that the options give, or `undefined`. A text has no NUL yet: the codec adds it. */
export function payloadOf({ text, hex, file, struct }: PayloadOptions): Uint8Array | string | undefined {
  if (text !== undefined) return text;
  if (hex !== undefined) return parseHex(hex);
  if (file !== undefined) return readBytes(file);
  return struct === undefined ? undefined : encodeStruct(struct);
}

/** Same as {@link payloadOf}, but a text has its NUL, for memory. */
export function payloadBytes(options: PayloadOptions): Uint8Array | undefined {
  const payload = payloadOf(options);
  return typeof payload === 'string' ? Buffer.from(`${payload}\0`) : payload;
}

/** Parses `'01ff'`, `'01 ff'`, `'01:ff'` or `'0x01ff'`. */
function parseHex(text: string): Uint8Array {
  const digits = text.replace(/^0x/i, '').replace(/[\s:,]/g, '');
  if (digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits)) return Buffer.from(digits, 'hex');
  throw new MpError('EINVAL', `--hex '${text}' is not hex: give two digits for each byte, such as 01ff`);
}

const STDIN = 0;

function readBytes(file: string): Uint8Array {
  const hint = 'Give --file a file that can be read';
  return withFileErrors(file, () => readFileSync(file === '-' ? STDIN : file), hint);
}
