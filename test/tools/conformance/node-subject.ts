// A channel that takes commands on stdin, as docs/conformance-kit.md says.
// node-subject.ts [ROLE PREFIX] [DIALECT]: arguments that aren't given are in the environment
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type DialectId,
  type HandlerResult,
  type MpChannel,
  MpError,
  type MpReply,
  MpTimeoutError,
  openPrimary,
  openSecondary,
  type Peer,
  type ReceivedMessage,
} from '../../../lib/index.js';

type Fields = Readonly<Record<string, string | number>>;
type Outcome = Fields | undefined;

const { DPDK_IPC_ROLE = 'secondary', DPDK_IPC_FILE_PREFIX = '' } = process.env;
const [role = DPDK_IPC_ROLE, filePrefix = DPDK_IPC_FILE_PREFIX, dialect = '332/8'] = process.argv.slice(2);
const RAW_TIMEOUT_MS = 300;
/** A request that can't be sent fails within this time. */
const SENT_WITHIN_MS = 30;

const channel = await open();
channel.on('error', (error) => console.error(error));

const actions: Readonly<Record<string, (msg: ReceivedMessage) => HandlerResult>> = {
  echo: (msg) => ({ param: msg.param }),
  note: () => {},
  inline: () => ({ param: inner() }),
  fails: () => {
    throw new RangeError('on purpose');
  },
};
const counted = { n: 0, next: 0, in_order: 1 };

for (const [name, action] of Object.entries(actions)) {
  channel.registerAction(name, (msg, peer) => {
    sayGot('got', msg, peer);
    return action(msg);
  });
}
channel.registerAction('count', ({ param }) => {
  if (new DataView(param.buffer, param.byteOffset).getUint32(0, true) !== counted.next++)
    counted.in_order = 0;
  counted.n++;
});
say('READY', { role, pid: process.pid });

const commands: Readonly<Record<string, (args: string[]) => Outcome | Promise<Outcome>>> = {
  conform: () => ({ ret: 0 }),
  register: ([name = '']) => result(() => channel.registerAction(nameOf(name) as string, () => {})),
  unregister: ([name = '']) => {
    channel.unregisterAction(nameOf(name) as string);
    return { errno: 0 };
  },
  raw,
  bcast: ([name = '', text = '-']) => result(() => channel.sendMessage({ name, param: paramOf(text) })),
  bcastfd: ([name = '', text = '-', count = '1']) =>
    withFds(Number(count), (fds) => result(() => channel.sendMessage({ name, param: paramOf(text), fds }))),
  req: ([name = '', text = '-', ms = '']) => {
    const start = performance.now();
    const fields = ask(() => channel.requestSync({ name, param: paramOf(text) }, { timeoutMs: Number(ms) }));
    return { ...fields, us: Math.round((performance.now() - start) * 1000) };
  },
  areq,
  treq: ([name = '', ms = '']) => {
    const asked = channel.request({ name }, { timeoutMs: Number(ms) });
    void asked.then(countsOf, failureOf).then((fields) => say('treq.done', { ret: 0, errno: 0, ...fields }));
    return { name };
  },
  flood: async ([name = '', count = '']) => {
    for (let i = 0; i < Number(count); i++) {
      const param = Buffer.alloc(4);
      param.writeUInt32LE(i);
      await channel.sendMessage({ name, param });
    }
    return { sent: count, failed: 0 };
  },
  count: () => {
    const fields = { n: counted.n, in_order: counted.in_order };
    Object.assign(counted, { n: 0, next: 0, in_order: 1 });
    return fields;
  },
  starve,
  quit: async () => {
    await channel.close();
    process.exit(0);
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => void run(line))
  .on('close', () => process.exit(0));

let last: Promise<unknown> = Promise.resolve();

function run(line: string): void {
  last = last.then(async () => {
    const [verb = '', ...args] = line.trim().split(/\s+/);
    const fields = await (commands[verb]?.(args) ?? { reason: 'no such command' });
    if (fields !== undefined) say(verb in commands ? verb : 'error', { verb, ...fields });
  });
}

async function open(): Promise<MpChannel> {
  say('OPENING', {});
  try {
    const options = { filePrefix, dialect: dialect as DialectId };
    return await (role === 'primary' ? openPrimary : openSecondary)(options);
  } catch (error) {
    say('FAILED', { what: 'open', errno: error instanceof MpError ? error.code : String(error) });
    process.exit(1);
  }
}

/** `raw CALL NAME LEN NFDS`: a call with bad arguments, as far as this API accepts them. */
function raw([call = '', name = '', len = '0', count = '0']: string[]): Outcome | Promise<Outcome> {
  if (Number(len) < 0 || Number(count) < 0) return { ret: -1, errno: 'ENOSYS' };
  const fds = new Array<number>(Number(count)).fill(0);
  const text = nameOf(name);
  const message = (text === null ? null : { name: text, param: new Uint8Array(Number(len)), fds }) as never;
  switch (call) {
    case 'send':
      return result(() => channel.sendMessage(message));
    case 'sync':
      return ask(() => channel.requestSync(message, { timeoutMs: RAW_TIMEOUT_MS }));
    case 'async':
      return result(() => channel.request(message, { timeoutMs: RAW_TIMEOUT_MS }));
    case 'reply':
      return result(() => channel.reply(message, null as unknown as Peer));
    case 'notimeout':
      return ask(() => channel.requestSync(message, { timeoutMs: null as unknown as number }));
    default:
      return { ret: -1, errno: 'ENOSYS' };
  }
}

/** The same as C's asynchronous request: prints whether it was sent, and later "areply". */
async function areq([name = '', text = '-', ms = '']: string[]): Promise<Outcome> {
  const asked = channel.request({ name, param: paramOf(text) }, { timeoutMs: Number(ms) });
  const settled = asked.then(
    (reply): Fields => {
      sayReplies('areply.reply', reply);
      return { ...countsOf(reply), ret: 0 };
    },
    (error: unknown) => failureOf(error),
  );
  const early = await Promise.race([settled, pause(SENT_WITHIN_MS)]);
  if (early !== undefined && early.errno !== undefined && early.errno !== 'ETIMEDOUT')
    return { name, ...early };
  setImmediate(async () => {
    const { nb_sent = 0, nb_received = 0 } = await settled;
    say('areply', { name, nb_sent, nb_received });
  });
  return { name, ret: 0, errno: 0 };
}

async function pause(ms: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function ask(call: () => MpReply): Fields {
  try {
    const reply = call();
    sayReplies('req.reply', reply);
    return { ret: 0, errno: 0, ...countsOf(reply) };
  } catch (error) {
    return failureOf(error);
  }
}

async function result(call: () => unknown): Promise<Fields> {
  try {
    await call();
    return { ret: 0, errno: 0 };
  } catch (error) {
    return failureOf(error);
  }
}

function countsOf({ nbSent, nbReceived }: MpReply): Fields {
  return { nb_sent: nbSent, nb_received: nbReceived };
}

function failureOf(error: unknown): Fields {
  const errno = error instanceof MpError ? glibcName(error.code) : String(error);
  const counts = error instanceof MpTimeoutError ? countsOf(error.reply) : { nb_sent: 0, nb_received: 0 };
  return { ret: -1, errno, ...counts };
}

function glibcName(code: string): string {
  return code === 'ENOTSUP' ? 'EOPNOTSUPP' : code;
}

function inner(): string {
  const { errno = '' } = ask(() => channel.requestSync({ name: 'inner' }, { timeoutMs: 200 }));
  return String(errno);
}

function nameOf(word: string): string | null {
  if (word === 'null') return null;
  if (word === 'empty') return '';
  return word.startsWith('x:') ? 'x'.repeat(Number(word.slice(2))) : word;
}

function paramOf(text: string): Uint8Array {
  return text === '-' ? new Uint8Array() : Buffer.from(text);
}

/** Descriptors that hold a byte each: Z, [, \, … */
async function withFds(count: number, use: (fds: number[]) => Promise<Fields>): Promise<Fields> {
  const dir = mkdtempSync(join(tmpdir(), 'dpdk-ipc-fd-'));
  const fds = Array.from({ length: count }, (_, i) => {
    writeFileSync(join(dir, `${i}`), Buffer.from([0x5a + i]));
    return openSync(join(dir, `${i}`), 'r');
  });
  rmSync(dir, { recursive: true });
  try {
    return await use(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** Leaves no descriptor free. */
function starve(): Fields {
  for (let opened = 0; ; opened++) {
    try {
      openSync('/dev/null', 'r');
    } catch {
      return { opened };
    }
  }
}

function sayReplies(event: string, { msgs }: MpReply): void {
  for (const msg of msgs) sayGot(event, msg);
}

function sayGot(event: string, msg: ReceivedMessage, peer?: Peer): void {
  const { name, param, fds } = msg;
  const text = Buffer.from(param).toString().replace(/\0.*/s, '');
  const shown = /^[\x20-\x7e]*$/.test(text) ? { text } : {};
  const from = peer === undefined ? {} : { peer: peer.path };
  say(event, { name, len: param.length, nfds: fds.length, ...shown, ...from });
}

function say(event: string, fields: Fields): void {
  console.log([event, ...Object.entries(fields).map(([key, value]) => `${key}="${value}"`)].join(' '));
}
