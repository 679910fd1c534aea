import type { Command } from 'commander';
import { type HandlerResult, IGNORE } from '../../../lib/actions/actions.js';
import type { Peer, ReceivedMessage } from '../../../lib/messages/message.js';
import { openPrimary, openSecondary } from '../../../lib/open.js';
import { MpError } from '../../../protocol/errors.js';
import { untilInterrupted } from '../exit.js';
import { describeBody, messageRecord } from '../format-bytes.js';
import { type PayloadOptions, payloadOf } from '../message-options.js';
import { type PrefixOptions, parseCount, withDialect, withJson, withPrefix } from '../options.js';
import { clock, paint, print, printError, printJsonLine, visible } from '../output.js';
import { STRUCT_HELP } from '../struct.js';

interface Options extends PrefixOptions {
  readonly reply?: string;
  readonly primary?: boolean;
  readonly count?: number;
}

const ABOUT = `Becomes a secondary, registers an action for each name and prints the messages that
arrive until Ctrl-C: from the primary, or from any process that sends to its socket. It
describes descriptors, then closes them. It answers requests of other names with IGN,
so that no process waits for them.

With --primary it becomes the primary of a prefix that has none: secondaries, such as
"dpdk-ipc request" in another terminal, can then talk to it. This needs no DPDK.`;

const EXAMPLES = `
Replies:
  echo     the message and descriptors     text:TEXT      UTF-8 with a NUL
  ignore   IGN, "don't count me"           hex:BYTES      such as hex:01ff
  none     nothing: the requester waits    file:PATH      a file's bytes
           for its whole timeout           struct:FIELDS  see below

${STRUCT_HELP}

Examples:
  $ dpdk-ipc listen link_status reload --file-prefix rte
  $ dpdk-ipc listen hello --reply 'text:Hello from the shell' --count 1
  $ dpdk-ipc listen hello --primary --file-prefix try --reply echo

Exit status: 0 ended by Ctrl-C or --count, 2 it could not listen.`;

/** Adds `listen`. */
export function addCommand(program: Command): void {
  const command = program
    .command('listen')
    .description(ABOUT)
    .argument('<name...>', 'the names of the actions')
    .option('--reply <what>', 'the answer to a request: see below', 'ignore')
    .option('--primary', 'become the primary of this prefix')
    .option('--count <n>', 'end after n messages', parseCount);
  withJson(withDialect(withPrefix(command)), 'print one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(names: string[], options: Options): Promise<void> {
  const replyTo = parseReply(options.reply ?? 'ignore');
  const signal = untilInterrupted();
  const { filePrefix, runtimeDir, dialect } = options;
  const open = options.primary ? openPrimary : openSecondary;
  const channel = await open({ filePrefix, runtimeDir, dialect, signal });
  const closed = new Promise<void>((resolve) => channel.once('close', resolve)); // events.once would reject at an 'error'
  channel.on('warning', ({ message }) => printError(message));
  channel.on('error', (error) => printError(error instanceof Error ? error.message : String(error)));
  let left = options.count ?? Number.POSITIVE_INFINITY;
  for (const name of new Set(names)) {
    channel.registerAction(name, (message, peer) => {
      if (left-- <= 0) return IGNORE;
      show(message, peer, options.json ?? false);
      // after the answer to this message was sent
      if (left === 0) setImmediate(() => void channel.close());
      return replyTo(message);
    });
  }
  printError(`listening as ${channel.role} at ${channel.socketPath} (Ctrl-C ends it)`);
  if (channel.role === 'secondary' && channel.peers().length === 0)
    printError(
      `There is no primary of prefix '${filePrefix}' yet: no message arrives before one is started.`,
    );
  await closed;
}

function show(message: ReceivedMessage, { path, pid }: Peer, json: boolean): void {
  if (json) {
    printJsonLine({ time: new Date().toISOString(), from: { path, pid }, ...messageRecord(message) });
    return;
  }
  const from = pid === undefined ? path || 'a sender without address' : `pid ${pid}`;
  const body = describeBody(message);
  print(
    `${paint('dim', clock())} ${paint('bold', visible(message.name))} from ${visible(from)}: ${body.includes('\n') ? `\n${body}` : body}`,
  );
}

/** Parses `--reply`; throws `EINVAL`. */
function parseReply(what: string): (message: ReceivedMessage) => HandlerResult {
  if (what === 'echo') return ({ param, fds }) => ({ param, fds });
  if (what === 'ignore') return () => IGNORE;
  if (what === 'none') return () => undefined;
  const [, form = '', value = ''] = /^(text|hex|file|struct):(.*)$/s.exec(what) ?? [];
  if (form === '') {
    throw new MpError(
      'EINVAL',
      `--reply '${what}' is no reply: give echo, ignore, none, text:…, hex:…, file:… or struct:…`,
    );
  }
  const param = payloadOf({ [form]: value } as PayloadOptions);
  return () => ({ param });
}
