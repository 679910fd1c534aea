// `npm run bench`: this package against C's own librte_eal. `-- --help` lists the options.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findDpdk } from '../test/support/dpdk/install.js';
import { machineOf } from './harness/machine.js';
import { type BenchOptions, readOptions, USAGE } from './harness/options.js';
import { endProgress, progress } from './harness/progress.js';
import type { RowResult, RunResult } from './harness/result.js';
import { Stage } from './harness/stage.js';
import { page } from './report/page.js';
import { table } from './report/table.js';
import { ROWS } from './rows/index.js';
import type { Row } from './rows/row.js';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return;
  }
  const run = await runAll(options);
  endProgress();
  const path = write(run, options.out);
  console.log(table(run));
  console.log(`\n${path}.json\n${path}.html`);
}

async function runAll(options: BenchOptions): Promise<RunResult> {
  const install = findDpdk();
  if ('missing' in install) throw new Error(install.missing);
  const at = new Date();
  progress('starting the C processes');
  await using stage = await Stage.set(install, options);
  const rows: RowResult[] = [];
  for (const row of ROWS) {
    if (options.rows?.has(row.number) ?? true) rows.push(await measured(row, stage));
  }
  return {
    schema: 1,
    at: at.toISOString(),
    quick: options.quick,
    runs: 1,
    seconds: Math.round((Date.now() - at.getTime()) / 1000),
    options: { ...options.sizes },
    machine: machineOf(install),
    rows,
  };
}

async function measured(row: Row, stage: Stage): Promise<RowResult> {
  const { number, title, method } = row;
  return { number, title, method, notes: [], verdicts: [], growths: [], ...(await row.measure(stage)) };
}

/** Returns the path without its extension. */
function write(run: RunResult, directory: string): string {
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
