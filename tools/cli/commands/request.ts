import { type Command, Option } from 'commander';
import { MpTimeoutError } from '../../../lib/errors.js';
import type { MpReply, ReceivedMessage } from '../../../lib/messages/message.js';
import { MpError } from '../../../protocol/errors.js';
import { MP_MAX_PARAM_LEN } from '../../../protocol/message.js';
import { nowMs } from '../../../sys/clock.js';
import { EXIT_FINDING, reportError } from '../exit.js';
import { describeBody, messageRecord } from '../format-bytes.js';
import { type MessageOptions, messageOf, openChannel, withMessage } from '../message-options.js';
import { print, printError, printJson, printRaw, visible } from '../output.js';
import { decodeStruct, STRUCT_HELP, structLines, structRecord, structSize } from '../struct.js';

interface Options extends MessageOptions {
  readonly sync?: boolean;
  readonly raw?: boolean;
  readonly as?: string;
}

const ABOUT = `Sends the primary a request and prints its answer: text as it is, other bytes as a
hexdump. Without --text, --hex, --file or --struct the param is empty.`;

const EXAMPLES = `
${STRUCT_HELP}

Examples:
  $ dpdk-ipc request hello_request --text 'Hello from the shell'
  $ dpdk-ipc request get_stats --struct u32:7 --as u64:packets,u64:bytes
  $ dpdk-ipc request take_log --fd ./log.txt --timeout 2s --json

Exit status: 0 answered, 1 no answer in time or no such action, 2 not sent.`;

/** Adds `request`. */
export function addCommand(program: Command): void {
  const command = program.command('request').description(ABOUT).argument('<name>', "the action's name");
  withMessage(command)
    .option('--peer', 'be a public secondary meanwhile, for actions that ask back')
    .addOption(
      new Option('--sync', 'block the thread, as rte_mp_request_sync does (Ctrl-C waits, too)').conflicts(
        'async',
      ),
    )
    .option('--async', 'wait as rte_mp_request_async does (default)')
    .option('--raw', "write the answer's bytes and nothing else")
    .option('--as <fields>', "read the answer as a struct: 'u32:count,s16:name'")
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const message = messageOf(name, options);
  if (options.as !== undefined) checkLayout(options.as); // before anything is sent
  await using channel = await openChannel(options);
  const timeoutMs = options.timeout;
  const start = nowMs();
  try {
    using reply = await (options.sync
      ? channel.requestSync(message, { timeoutMs })
      : channel.request(message, { timeoutMs }));
    report(name, reply, Number((nowMs() - start).toFixed(3)), options);
  } catch (error) {
    if (!(error instanceof MpTimeoutError)) throw error;
    process.exitCode = EXIT_FINDING;
    reportError(error, process.argv.slice(2));
  }
}

function checkLayout(layout: string): void {
  const size = structSize(layout);
  if (size <= MP_MAX_PARAM_LEN) return;
  throw new MpError('E2BIG', `--as describes ${size} bytes: an answer has at most ${MP_MAX_PARAM_LEN}`);
}

function report(name: string, { nbSent, nbReceived, msgs }: MpReply, ms: number, options: Options): void {
  if (nbReceived === 0) process.exitCode = EXIT_FINDING;
  // the whole param area: some C drivers answer with len_param 0 and the result behind it
  const structOf = ({ paramArea }: ReceivedMessage) => options.as && decodeStruct(options.as, paramArea);
  if (options.json) {
    const records = msgs.map((msg) => {
      const values = structOf(msg);
      return { ...messageRecord(msg), struct: values && structRecord(values) };
    });
    printJson({ nbSent, nbReceived, ms, msgs: records });
    return;
  }
  for (const msg of msgs) {
    const values = structOf(msg);
    if (options.raw) printRaw(msg.param);
    else print(values ? structLines(values).join('\n') : describeBody(msg));
  }
  if (nbReceived === 0)
    printError(`The primary has no action '${visible(name)}': it answered IGN, "don't count me".`);
}
