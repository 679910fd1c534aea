// `npm run bench-report`: writes the median of the runs in bench/results as a page (index.html) and as README.md, prints it
// as a table, and puts its first numbers into the project's README. `-- DIR` reads and writes another directory, and leaves
// the project's README alone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunResult } from './harness/result.js';
import { markdown, withNumbers } from './report/markdown.js';
import { merge } from './report/merge.js';
import { page } from './report/page.js';
import { table } from './report/table.js';

const given = process.argv[2];
const directory = given ?? fileURLToPath(new URL('./results/', import.meta.url));
const PROJECT_README = new URL('../README.md', import.meta.url);

/** Reads the complete runs on the newest run's machine, with its Node and DPDK. */
function readRuns(): RunResult[] {
  const runs = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as RunResult)
    .filter(({ quick, schema }) => !quick && schema === 1);
  const newest = JSON.stringify(runs.at(-1)?.machine);
  const alike = runs.filter(({ machine }) => JSON.stringify(machine) === newest);
  if (alike.length < runs.length) {
    console.log(`${runs.length - alike.length} run(s) on other machines or versions are left out`);
  }
  return alike;
}

const merged = merge(readRuns());
writeFileSync(join(directory, 'index.html'), page(merged));
writeFileSync(join(directory, 'README.md'), markdown(merged));
if (given === undefined)
  writeFileSync(PROJECT_README, withNumbers(readFileSync(PROJECT_README, 'utf8'), merged));
console.log(table(merged));
console.log(`\n${join(directory, 'index.html')}\n${join(directory, 'README.md')}`);
