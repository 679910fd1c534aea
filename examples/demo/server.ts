// The demo's server: a primary in Node that answers two actions and counts. server.c is the same in C.
//
//   node --import ./test/register.mjs examples/demo/server.ts --file-prefix rte
import { once } from 'node:events';
import { dirname } from 'node:path';
import { type Handler, type MpChannel, openPrimary } from '../../lib/index.js';
import { fail, positive, readOptions, stopSignal } from './options.js';
import { SHARED_INFO_LENGTH, SharedInfo } from './shared-info.js';

const HELP = `Usage: server.ts [options]

Answers the actions hello_request and hello_async_req, and prints its counters. SIGINT or SIGTERM ends it.

  --file-prefix NAME  DPDK's --file-prefix (rte)
  --print-ms N        how often to print the counters (3000)
  --help              this text`;

const given = readOptions('server', HELP, {
  'file-prefix': { type: 'string', default: 'rte' },
  'print-ms': { type: 'string', default: '3000' },
});
const printMs = positive('server', 'print-ms', given['print-ms']);
const stop = stopSignal();

// This process's own memory: other processes don't see these counters.
const info = new SharedInfo(new Uint8Array(SHARED_INFO_LENGTH));

function answer(kind: 'SYNC' | 'ASYNC', count: () => void): Handler {
  return (msg) => {
    console.log(`[${kind}] received: ${msg.text()}`);
    count();
    return { param: `Server ${kind} reply: Got '${msg.text()}'` };
  };
}

async function serve(channel: MpChannel): Promise<void> {
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
  if (!stop.aborted) await once(stop, 'abort');
  clearInterval(timer);
  console.log('[Server] ends: signal');
  console.log(`[Server] ${info}`);
}

try {
  const channel = await openPrimary({ filePrefix: given['file-prefix'] });
  await serve(channel);
  await channel.close();
} catch (error) {
  fail('server', error);
}
