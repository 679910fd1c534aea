import { constants, openSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { MpChannel } from '../../lib/channel.js';
import { openSecondary } from '../../lib/open.js';
import { DIALECTS, type DialectId } from '../../protocol/dialect.js';
import type { Message } from '../../protocol/message.js';
import { fileError } from '../../sys/system-error.js';
import { type PlaceOptions, withJson, withPlace, withTime } from './options.js';
import { type PayloadOptions, payloadOf, withPayload } from './payload.js';

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
