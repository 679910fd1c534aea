// A Node peer in a process or worker thread of its own: node-peer.ts ROLE PREFIX TAG
//
// Lines come in on stdin (a process) or as messages (a worker), and go out the same way, in the form of the C peers'.
// Actions: echo (same param), tag (TAG), ignored (IGNORE), silent (no reply). Each prints "got name= text=".
import { createInterface } from 'node:readline';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type HandlerResult,
  IGNORE,
  MpError,
  type MpReply,
  openPrimary,
  openSecondary,
  type ReceivedMessage,
} from '../../../lib/index.js';

type Fields = Readonly<Record<string, string | number>>;

const args: readonly string[] = parentPort === null ? process.argv.slice(2) : (workerData as string[]);
const [role = 'secondary', filePrefix = '', tag = ''] = args;

const channel = await (role === 'primary' ? openPrimary : openSecondary)({ filePrefix });
const input = parentPort === null ? createInterface({ input: process.stdin }) : undefined;

const actions: Readonly<Record<string, (msg: ReceivedMessage) => HandlerResult>> = {
  echo: (msg) => ({ param: msg.param }),
  tag: () => ({ param: tag }),
  ignored: () => IGNORE,
  silent: () => {},
};

const commands: Readonly<Record<string, (args: string[]) => Fields | Promise<Fields>>> = {
  request: async ([name = '', param = '']) => fieldsOf(await channel.request({ name, param })),
  requestSync: ([name = '', param = '']) => fieldsOf(channel.requestSync({ name, param })),
  sendMessage: async ([name = '', param = '']) => {
    await channel.sendMessage({ name, param });
    return {};
  },
  peers: () => ({ n: channel.peers().length }),
  exit: () => process.exit(0),
  close: async () => {
    await channel.close();
    return {};
  },
  unref: () => {
    channel.unref();
    return {};
  },
  throw: () => {
    setImmediate(() => {
      throw new Error('thrown on purpose');
    });
    return {};
  },
};

/** After these commands only the channel keeps the process or thread alive. */
const LAST: ReadonlySet<string> = new Set(['close', 'unref']);

for (const [name, action] of Object.entries(actions)) {
  channel.registerAction(name, (msg) => {
    say('got', { name, text: msg.text() });
    return action(msg);
  });
}
input?.on('line', run);
parentPort?.on('message', run);
say('READY', { role, path: channel.socketPath ?? '' });

async function run(line: string): Promise<void> {
  const [verb = '', ...words] = line.split(' ');
  try {
    say(verb, (await commands[verb]?.(words)) ?? { error: 'no such command' });
  } catch (error) {
    say(verb, { error: error instanceof MpError ? error.code : String(error) });
  }
  if (LAST.has(verb)) stopListening();
}

function fieldsOf(reply: MpReply): Fields {
  using answers = reply;
  const texts = answers.msgs.map((msg) => msg.text()).sort();
  return { nb_sent: answers.nbSent, nb_received: answers.nbReceived, text: texts.join() };
}

function say(event: string, fields: Fields): void {
  const line = [event, ...Object.entries(fields).map(([key, value]) => `${key}="${value}"`)].join(' ');
  if (parentPort === null) console.log(line);
  else parentPort.postMessage(line);
}

function stopListening(): void {
  input?.close();
  process.stdin.unref?.();
  parentPort?.close();
}
