// The demo's server: a primary in Node that answers two actions and counts the requests. server.c is the same in C.
//
//   node --import ./test/register.mjs examples/demo/server.ts --file-prefix rte
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Handler, type MpChannel, openPrimary } from '../../lib/index.js';
import { fail, positive, readOptions, stopSignal } from './options.js';
import { SHARED_INFO_LENGTH, SharedInfo } from './shared-info.js';

const HELP = `Usage: server.ts [options]

Answers the actions hello_request and hello_async_req, and prints its counters, which are in the memzone
shared_info. SIGINT, SIGTERM or force_quit in that memzone ends it.

  --file-prefix NAME  DPDK's --file-prefix (rte)
  --hugepages N       pages of hugetlbfs for its memory (0: ordinary files)
  --print-ms N        how often to print the counters (3000)
  --help              this text`;

const given = readOptions('server', HELP, {
  'file-prefix': { type: 'string', default: 'rte' },
  hugepages: { type: 'string', default: '0' },
  'print-ms': { type: 'string', default: '3000' },
});
const printMs = positive('server', 'print-ms', given['print-ms']);
const stop = stopSignal();

/** How often to check force_quit. */
const LOOK_EVERY_MS = 50;

function answer(kind: 'SYNC' | 'ASYNC', count: () => void): Handler {
  return (msg) => {
    console.log(`[${kind}] received: ${msg.text()}`);
    count();
    return { param: `Server ${kind} reply: Got '${msg.text()}'` };
  };
}

async function serve(channel: MpChannel): Promise<void> {
  const info = new SharedInfo(channel.memory.reserve('shared_info', SHARED_INFO_LENGTH).bytes);
  channel.on('error', (error) => console.error('[Server] a reply was not sent:', error));
  channel.registerAction(
    'hello_request',
    answer('SYNC', () => info.countSync()),
  );
  channel.registerAction(
    'hello_async_req',
    answer('ASYNC', () => info.countAsync()),
  );
  console.log(`[Server] ready: ${dirname(channel.socketPath ?? '')}`);
  const timer = setInterval(() => console.log(`[Server] ${info}`), printMs);
  console.log(`[Server] ends: ${await waitForEnd(info)}`);
  clearInterval(timer);
  console.log(`[Server] ${info}`);
}

/** Resolves to the reason when the server has to end. */
async function waitForEnd(info: SharedInfo): Promise<string> {
  while (!stop.aborted) {
    if (info.isForceQuit) return 'force_quit';
    await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {});
  }
  return 'signal';
}

try {
  const channel = await openPrimary({
    filePrefix: given['file-prefix'],
    memory: { hugepages: Number(given.hugepages) },
  });
  await serve(channel);
  await channel.close();
} catch (error) {
  fail('server', error);
}
