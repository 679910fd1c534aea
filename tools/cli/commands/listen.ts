import type { Command } from 'commander';
import { type HandlerResult, IGNORE } from '../../../lib/actions/actions.js';
import type { MpChannel } from '../../../lib/channel.js';
import type { Peer, ReceivedMessage } from '../../../lib/messages/message.js';
import { openPrimary, openSecondary } from '../../../lib/open.js';
import type { DialectId } from '../../../protocol/dialect.js';
import { MpError } from '../../../protocol/errors.js';
import { untilInterrupted } from '../failure.js';
import { describeBody, recordOf } from '../hexdump.js';
import { type PayloadOptions, payloadOf, withDialect } from '../message-options.js';
import { type PlaceOptions, parseCount, withJson, withPlace } from '../options.js';
import { clock, paint, print, printError, printJsonLine, visible } from '../output.js';
import { STRUCT_HELP } from '../struct.js';

interface Options extends PlaceOptions {
  readonly reply?: string;
  readonly primary?: boolean;
  readonly count?: number;
  readonly dialect?: DialectId;
  readonly json?: boolean;
}

const ABOUT = `Becomes a secondary, registers an action for each name and prints what comes, until
Ctrl-C: from the primary, and from whoever else sends to our socket. Descriptors that
come along are described, then closed. Requests of other names are answered with IGN,
so nobody has to wait for us.

With --primary it is the primary itself, of a prefix that has none: secondaries, such
as "dpdk-ipc request" in another terminal, can then talk to it. No DPDK is needed.`;

const EXAMPLES = `
Replies:
  echo     what came, descriptors too      text:TEXT      UTF-8 with a NUL
  ignore   IGN, "don't count me"           hex:BYTES      such as hex:01ff
  none     nothing, until the asker's      file:PATH      a file's bytes
           time is up                      struct:FIELDS  as below

${STRUCT_HELP}

Examples:
  $ dpdk-ipc listen link_status reload --file-prefix rte
  $ dpdk-ipc listen hello --reply 'text:Hello from the shell' --count 1
  $ dpdk-ipc listen hello --primary --file-prefix try --reply echo

Exit status: 0 ended by Ctrl-C or --count, 2 it could not listen.`;

/** Adds `listen`. */
export function addListen(program: Command): void {
  const command = program
    .command('listen')
    .description(ABOUT)
    .argument('<name...>', 'the names of the actions')
    .option('--reply <what>', 'what a request gets: see below', 'ignore')
    .option('--primary', 'be the primary of this prefix')
    .option('--count <n>', 'end after n messages', parseCount);
  withJson(withDialect(withPlace(command)), 'print one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(names: string[], options: Options): Promise<void> {
  const replyTo = replier(options.reply ?? 'ignore');
  const { signal } = untilInterrupted();
  const { filePrefix, runtimeDir, dialect } = options;
  const channel = await (options.primary ? openPrimary : openSecondary)({
    filePrefix,
    runtimeDir,
    dialect,
    signal,
  });
  const closed = new Promise<void>((resolve) => channel.once('close', resolve)); // events.once ends at an 'error'
  channel.on('warning', ({ message }) => printError(message));
  channel.on('error', (error) => printError(error instanceof Error ? error.message : String(error)));
  let left = options.count ?? Number.POSITIVE_INFINITY;
  for (const name of new Set(names)) {
    channel.registerAction(name, (message, peer) => {
      if (left-- <= 0) return IGNORE;
      show(message, peer, options.json ?? false);
      // once the answer to this one is out
      if (left === 0) setImmediate(() => void channel.close());
      return replyTo(message);
    });
  }
  printError(`listening as ${channel.role} at ${channel.socketPath} (Ctrl-C ends it)`);
  warnWithoutPrimary(channel, filePrefix);
  await closed;
}

function warnWithoutPrimary(channel: MpChannel, filePrefix: string): void {
  if (channel.role === 'primary' || channel.peers().length > 0) return;
  printError(`There is no primary of prefix '${filePrefix}' yet: nothing comes before one is started.`);
}

function show(message: ReceivedMessage, { path, pid }: Peer, json: boolean): void {
  if (json) {
    printJsonLine({ time: new Date().toISOString(), from: { path, pid }, ...recordOf(message) });
    return;
  }
  const from = pid === undefined ? path || 'a sender without address' : `pid ${pid}`;
  const body = describeBody(message.param, message.fds);
  print(
    `${paint('dim', clock())} ${paint('bold', visible(message.name))} from ${visible(from)}: ${body.includes('\n') ? `\n${body}` : body}`,
  );
}

/** Checks `--reply` before anything is opened. */
function replier(what: string): (message: ReceivedMessage) => HandlerResult {
  if (what === 'echo') return ({ param, fds }) => ({ param, fds });
  if (what === 'ignore') return () => IGNORE;
  if (what === 'none') return () => undefined;
  const [, way = '', value = ''] = /^(text|hex|file|struct):(.*)$/s.exec(what) ?? [];
  if (way === '') {
    throw new MpError(
      'EINVAL',
      `--reply '${what}' is none: give echo, ignore, none, text:…, hex:…, file:… or struct:…`,
    );
  }
  const param = payloadOf({ [way]: value } as PayloadOptions);
  return () => ({ param });
}
