/**
 * `npm run bench`: how long a synchronous request takes, ours against C's own rte_mp_request_sync, in turns on the same
 * live C primary. Needs DPDK and hugepages, as `npm test` sets them up. `-- --json` prints numbers only.
 */
import { parseArgs } from 'node:util';
import { type MpChannel, openSecondary } from '../lib/index.js';
import { buildProgram } from '../test/support/build.js';
import { CProcess } from '../test/support/c-process.js';
import { findDpdk } from '../test/support/dpdk.js';
import { ealArgs } from '../test/support/eal-args.js';
import { CPeer } from '../test/support/peer.js';
import { cleanPrefix, uniquePrefix } from '../test/support/prefix.js';

const WARM_UP = 2_000;
const SAMPLES = 20_000;
const ROUNDS = 3;
const PARAM_BYTES = 16;
const C_TIMEOUT_MS = 60_000;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

/** Times `count` requests, in microseconds. */
type Client = (count: number) => Promise<number[]>;

interface Row {
  readonly client: string;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly ratioToC: number;
}

function nodeClient(channel: MpChannel): Client {
  const message = { name: 'echo', param: new Uint8Array(PARAM_BYTES) };
  return async (count) => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      channel.requestSync(message);
      times.push((performance.now() - start) * 1000);
    }
    return times;
  };
}

function cClient(program: CProcess): Client {
  return async (count) => {
    program.send(`${count} ${PARAM_BYTES}`);
    const line = await program.waitFor(/^\d/, C_TIMEOUT_MS);
    return line.text
      .trim()
      .split(' ')
      .map((nanoseconds) => Number(nanoseconds) / 1000);
  };
}

async function startCClient(filePrefix: string): Promise<CProcess> {
  const install = findDpdk();
  if ('missing' in install) throw new Error(`${install.missing}`);
  const source = new URL('./c-client.c', import.meta.url).pathname;
  const path = await buildProgram(install, 'bench-c-client', [source]);
  const program = new CProcess(
    'C client',
    install.wrap([path, ...ealArgs({ role: 'secondary', filePrefix, core: 1 })]),
  );
  await program.waitFor(/^ready/, C_TIMEOUT_MS);
  return program;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** All clients in turns, so that whatever else the machine does meets them alike. */
async function measure(clients: ReadonlyMap<string, Client>): Promise<Row[]> {
  const times = new Map([...clients.keys()].map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, client] of clients) {
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${ROUNDS}: ${name.padEnd(40)}`);
      await client(WARM_UP);
      times.get(name)?.push(...(await client(SAMPLES)));
    }
  }
  if (process.stderr.isTTY) process.stderr.write(`${'\r'.padEnd(60)}\r`);
  const rows = [...times].map(([client, samples]) => {
    samples.sort((a, b) => a - b);
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => percentile(samples, share));
    return { client, p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0 };
  });
  const c = rows.find(({ client }) => client === C_NAME)?.p50 ?? Number.NaN;
  return rows.map((row) => ({ ...row, ratioToC: row.p50 / c }));
}

const C_NAME = 'C rte_mp_request_sync';

async function main(): Promise<void> {
  const filePrefix = uniquePrefix('bench');
  const primary = await CPeer.start({ role: 'primary', filePrefix, quiet: true, bigZone: false });
  try {
    await using spinning = await openSecondary({ filePrefix, visibility: 'private' });
    await using sleeping = await openSecondary({ filePrefix, visibility: 'private', busyPollMicros: 0 });
    await using c = await startCClient(filePrefix);
    const rows = await measure(
      new Map([
        ['requestSync, spinning up to 50 µs', nodeClient(spinning)],
        ['requestSync, busyPollMicros: 0', nodeClient(sleeping)],
        [C_NAME, cClient(c)],
      ]),
    );
    c.endInput();
    await c.exited;
    if (values.json) console.log(JSON.stringify(rows));
    else console.table(Object.fromEntries(rows.map(({ client, ...row }) => [client, rounded(row)])));
  } finally {
    await primary.quit();
    cleanPrefix(filePrefix);
  }
}

function rounded(row: Omit<Row, 'client'>): Record<string, number> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value.toFixed(2))]));
}

await main();
