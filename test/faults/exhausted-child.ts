// A process that uses up its few descriptors, then prints the codes of calls on channels: without descriptors, and with some again.
import { closeSync, openSync } from 'node:fs';
import { type MpChannel, MpError, openPrimary, openSecondary } from '../../lib/index.js';

const [runtimeDir = ''] = process.argv.slice(2);
const options = { runtimeDir, filePrefix: 'few' };
const primary = await openPrimary(options);
primary.registerAction('echo', (msg) => ({ param: msg.param, fds: msg.fds }));
const secondary = await openSecondary({ ...options, visibility: 'private' });
const other = await openSecondary(options);
await ask(secondary); // opens a socket for messages and one for requests
await secondary.sendMessage({ name: 'echo' });

const files = useUp();
const result: Record<string, unknown> = {
  open: await codeOf(openSecondary(options)),
  openPrivate: await codeOf(openSecondary({ ...options, visibility: 'private' }).then(ask)),
  firstRequest: await codeOf(ask(other)),
  broadcast: await codeOf(primary.sendMessage({ name: 'x' })),
  // these have their sockets, but the receiver can't take descriptors
  message: await codeOf(secondary.sendMessage({ name: 'echo', fds: [0, 1, 2] })),
  attach: await codeOf(Promise.resolve().then(() => secondary.memory)),
  sync: await codeOf(Promise.resolve().then(() => other.requestSync({ name: 'echo' }, { timeoutMs: 50 }))),
};
while (primary.stats.dropped.truncated === 0) await new Promise(setImmediate);
result.truncated = primary.stats.dropped.truncated;
for (const file of files) closeSync(file);
result.again = [await codeOf(ask(secondary)), await codeOf(ask(other)), await codeOf(openSecondary(options))];
console.log(JSON.stringify(result));
process.exit(0);

function useUp(): number[] {
  const opened: number[] = [];
  for (;;) {
    try {
      opened.push(openSync('/dev/null', 'r'));
    } catch {
      return opened;
    }
  }
}

async function ask(channel: MpChannel): Promise<void> {
  using reply = await channel.request({ name: 'echo', fds: [0, 1] }, { timeoutMs: 2000 });
  if (reply.msgs[0]?.fds.length !== 2) throw new RangeError('wrong answer');
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    if (!(error instanceof MpError)) return `not ours: ${error}`;
    return /ulimit/.test(error.message) ? `${error.code} ulimit` : error.code;
  }
}
