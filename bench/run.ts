// `npm run bench`: measures this package against C's own librte_eal. `-- --help` lists the options.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, type } from 'node:os';
import { join } from 'node:path';
import { type DpdkInstall, findDpdk } from '../test/support/dpdk/install.js';
import { type BenchOptions, readOptions, USAGE } from './harness/options.js';
import { endProgress, progress } from './harness/progress.js';
import type { Machine, RowResult, RunResult } from './harness/result.js';
import { type Row, Stage } from './harness/stage.js';
import { page } from './report/page.js';
import { table } from './report/table.js';
import { requestSync } from './rows/1-request-sync.js';
import { request } from './rows/2-request.js';
import { answering } from './rows/3-answering.js';
import { oneWay } from './rows/4-one-way.js';
import { broadcast } from './rows/5-broadcast.js';
import { start } from './rows/6-start.js';
import { codec } from './rows/7-codec.js';
import { memzones } from './rows/8-memzones.js';
import { inFlight } from './rows/9-in-flight.js';

const ROWS: readonly Row[] = [
  requestSync,
  request,
  answering,
  oneWay,
  broadcast,
  start,
  codec,
  memzones,
  inFlight,
];

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return;
  }
  const run = await measureRows(options);
  endProgress();
  const path = writeReports(run, options.out);
  console.log(table(run));
  console.log(`\n${path}.json\n${path}.html`);
}

async function measureRows(options: BenchOptions): Promise<RunResult> {
  const install = findDpdk();
  if ('missing' in install) throw new Error(install.missing);
  const at = new Date();
  progress('starting the C processes');
  await using stage = await Stage.open(install, options.sizes);
  const rows: RowResult[] = [];
  for (const row of ROWS) {
    if (options.rows?.has(row.number) ?? true) rows.push(await measureRow(row, stage));
  }
  return {
    schema: 1,
    at: at.toISOString(),
    quick: options.quick,
    runs: 1,
    seconds: Math.round((Date.now() - at.getTime()) / 1000),
    options: { ...options.sizes },
    machine: describeMachine(install),
    rows,
  };
}

async function measureRow(row: Row, stage: Stage): Promise<RowResult> {
  const { number, title, method } = row;
  return { number, title, method, notes: [], verdicts: [], growths: [], ...(await row.measure(stage)) };
}

function describeMachine({ version }: DpdkInstall): Machine {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    dpdk: version,
    package: (JSON.parse(manifest) as { version: string }).version,
  };
}

/** Returns the path of both files without its extension. */
function writeReports(run: RunResult, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, run.at.slice(0, 19).replaceAll(':', '-'));
  writeFileSync(`${path}.json`, `${JSON.stringify(run)}\n`);
  writeFileSync(`${path}.html`, page(run));
  return path;
}

try {
  await main();
} catch (error) {
  endProgress();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
