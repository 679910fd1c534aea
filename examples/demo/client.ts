// The demo's client: a secondary in Node that asks a server in C or Node, with blocking and asynchronous requests.
//
//   node --import ./test/register.mjs examples/demo/client.ts --file-prefix rte
import { setTimeout as sleep } from 'node:timers/promises';
import { type Memzone, type MpChannel, MpError, type MpReply, openSecondary } from '../../lib/index.js';
import { fail, positive, readOptions, stopSignal } from './options.js';
import { SharedInfo } from './shared-info.js';

const HELP = `Usage: client.ts [options]

Sends a running server a hello_request every 3 s and a hello_async_req every 5 s. SIGINT or SIGTERM ends it.

  --file-prefix NAME  DPDK's --file-prefix, the same as the server's (rte)
  --rounds N          how many requests of each kind (no limit)
  --sync-ms N         interval of hello_request (3000)
  --async-ms N        interval of hello_async_req (5000)
  --force-quit        at the end, end the server through its memzone
  --help              this text

Exit status: 0 if every request was answered, else 1; 2 for wrong options.`;

const TIMEOUT_MS = 5_000;

const given = readOptions('client', HELP, {
  'file-prefix': { type: 'string', default: 'rte' },
  rounds: { type: 'string' },
  'sync-ms': { type: 'string', default: '3000' },
  'async-ms': { type: 'string', default: '5000' },
  'force-quit': { type: 'boolean', default: false },
});
const rounds =
  given.rounds === undefined ? Number.POSITIVE_INFINITY : positive('client', 'rounds', given.rounds);
const syncMs = positive('client', 'sync-ms', given['sync-ms']);
const asyncMs = positive('client', 'async-ms', given['async-ms']);
const stop = stopSignal();
let answered = 0;

async function run(): Promise<void> {
  const channel = await openSecondary({
    filePrefix: given['file-prefix'],
    memory: { writable: given['force-quit'] },
  });

  const askSync = (n: number) => {
    const request = { name: 'hello_request', param: `SYNC Hello ${n} from Client` };
    printReply('SYNC', channel.requestSync(request, { timeoutMs: TIMEOUT_MS }));
  };

  const askAsync = async (n: number) => {
    const request = { name: 'hello_async_req', param: `ASYNC Hello ${n} from Client` };
    const answer = channel.request(request, { timeoutMs: TIMEOUT_MS });
    console.log('[ASYNC] request sent');
    const reply = await answer;
    console.log('[ASYNC] callback called');
    printReply('ASYNC', reply);
  };

  await Promise.all([every('SYNC', syncMs, askSync), every('ASYNC', asyncMs, askAsync)]);
  if (!stop.aborted) printCounters(channel);
  await channel.close();
}

/** Prints the server's counters from its memzone, which is mapped here, too. */
function printCounters(channel: MpChannel): void {
  const zone = sharedInfoZone(channel);
  if (zone === undefined) return;
  const info = new SharedInfo(zone.bytes);
  console.log(`[Client] in shared memory: ${info}`);
  if (given['force-quit']) info.forceQuit();
}

function sharedInfoZone(channel: MpChannel): Memzone | undefined {
  try {
    return channel.memory.lookup('shared_info');
  } catch (error) {
    if (error instanceof MpError && error.code === 'ENOPRIMARY') return undefined; // the server was opened without the option memory
    throw error;
  }
}

function printReply(kind: string, reply: MpReply): void {
  const [msg] = reply.msgs;
  if (msg === undefined) throw new MpError('ENOTSUP', 'The primary has no such action: is it the server?');
  console.log(`[${kind}] reply: ${msg.text()}`);
  answered++;
}

/**
 * Asks with n = 1, 2, ... until `stop`, then waits for the answer under way. Reports a failure and goes on, since the
 * next request may succeed; but ends the process if no server was there from the start.
 */
async function every(kind: string, ms: number, ask: (n: number) => void | Promise<void>): Promise<void> {
  for (let n = 1; n <= rounds && !stop.aborted; n++) {
    try {
      await ask(n);
    } catch (error) {
      if (stop.aborted) return;
      if (!(error instanceof MpError) || (answered === 0 && isServerMissing(error))) fail('client', error);
      console.error(`[${kind}] failed: ${error.message}`);
      process.exitCode = 1;
    }
    if (n < rounds) await sleep(ms, undefined, { signal: stop }).catch(() => {});
  }
}

function isServerMissing({ code }: MpError): boolean {
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}

try {
  await run();
} catch (error) {
  fail('client', error);
}
