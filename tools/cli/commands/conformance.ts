import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { DIALECTS, type DialectId, versionOf } from '../../../protocol/dialect.js';
import { MpError } from '../../../protocol/errors.js';
import { fileError } from '../../../sys/errors.js';
import type { Check } from '../../conformance/check.js';
import { ALL_CHECKS, CHECK_GROUPS } from '../../conformance/checks/index.js';
import { driverSource } from '../../conformance/driver-source.js';
import { findPrimary } from '../../conformance/foreign-primary.js';
import { json, junit, summary, table } from '../../conformance/report.js';
import { type CheckResult, runChecks } from '../../conformance/run.js';
import type { Role, SubjectSource } from '../../conformance/subject.js';
import { EXIT_FINDING } from '../failure.js';
import { withDialect } from '../message-options.js';
import { type PlaceOptions, withJson, withPlace } from '../options.js';
import { Progress, paint, print, printError, printJson } from '../output.js';

interface Options extends PlaceOptions {
  readonly dialect?: DialectId;
  readonly driver?: string;
  readonly role: Role;
  readonly destructive?: boolean;
  readonly slow?: boolean;
  readonly json?: boolean;
  readonly junit?: string;
  readonly only?: string;
  readonly list?: boolean;
}

const ABOUT = `Tests the primary that runs under a file prefix against the numbered checks of the protocol reference.
Without --destructive it is left as it was found. Checks that have to tell the primary what to do are skipped.
With --driver, processes of a program of yours are tested instead, by all checks (docs/conformance-kit.md).`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc conformance --file-prefix rte
  $ dpdk-ipc conformance --file-prefix rte --only C25,C38 --json
  $ dpdk-ipc conformance --driver ./my-driver --role secondary
  $ dpdk-ipc conformance --list

Exit status: 0 nothing failed, 1 something failed, 2 nothing could be tested.`;

/** Adds `conformance`. */
export function addConformance(program: Command): void {
  const command = program.command('conformance').description(ABOUT);
  withJson(withDialect(withPlace(command)))
    .option('--driver <command>', 'test processes of this program, which it starts, instead of a primary')
    .addOption(
      new Option('--role <role>', 'what the driver is to be')
        .choices(['primary', 'secondary'])
        .default('secondary'),
    )
    .option('--destructive', 'also what may end its IPC or the process: for a primary to throw away')
    .option('--slow', 'also what takes many seconds')
    .option('--only <ids>', 'these checks alone: C14,C15')
    .option('--list', 'print the checks and test nothing')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(options: Options): Promise<void> {
  const checks = choose(options.only);
  if (options.list) {
    if (options.json) printJson(checks.map(described));
    else print(list(checks));
    return;
  }
  const source = options.driver === undefined ? await findPrimary(options) : driven(options.driver, options);
  const results = await runAll(source, checks, options);
  const label = options.driver === undefined ? await labelOf(source) : source.label;
  print(
    options.json ? json(label, results) : `${label}\n\n${coloured(table(results))}\n\n${summary(results)}`,
  );
  if (options.junit !== undefined) writeReport(options.junit, junit(label, results));
  if (results.some(({ status }) => status === 'fail')) process.exitCode = EXIT_FINDING;
}

/** `C25   pass …`, and so on. */
function coloured(results: string): string {
  return results.replaceAll(
    /^(\S+ +)(pass|fail)\b/gm,
    (_, id: string, status: string) => `${id}${paint(status === 'pass' ? 'green' : 'red', status)}`,
  );
}

function driven(program: string, { role, dialect = '332/8' }: Options): SubjectSource {
  return driverSource({
    label: `${program} as ${role}, dialect ${dialect}`,
    role,
    dialect: DIALECTS[dialect],
    command: () => ['/bin/sh', '-c', `exec ${program}`],
  });
}

async function runAll(source: SubjectSource, checks: readonly Check[], options: Options) {
  // a driver's processes are there to be thrown away
  const { slow = false, driver, destructive = driver !== undefined } = options;
  const progress = new Progress();
  const done: CheckResult[] = [];
  const onStart = ({ id, title }: Check) => progress.show(`${done.length}/${checks.length} ${id} ${title}`);
  const onResult = (result: CheckResult) => done.push(result);
  try {
    // what ends the primary comes last
    const inOrder = [...checks].sort(
      (a, b) => Number(a.destructive ?? false) - Number(b.destructive ?? false),
    );
    const results = await runChecks(source, inOrder, { destructive, slow, onStart, onResult });
    return results.sort((a, b) => checks.indexOf(a.check) - checks.indexOf(b.check));
  } finally {
    progress.end();
  }
}

async function labelOf(source: SubjectSource): Promise<string> {
  const { versionWord, socketPath } = await source.open();
  const version = versionWord === undefined ? 'unknown version' : `DPDK ${versionOf(versionWord)}`;
  return `${source.label}: ${version}, dialect ${source.dialect.id}, ${socketPath}`;
}

function choose(only: string | undefined): readonly Check[] {
  if (only === undefined) return ALL_CHECKS;
  return only.split(',').map((id) => {
    const check = ALL_CHECKS.find((known) => known.id.toLowerCase() === id.trim().toLowerCase());
    if (check === undefined) throw new MpError('EINVAL', `There is no check '${id}': see conformance --list`);
    return check;
  });
}

function described({ id, title, stimulus, expectation, destructive = false, slow = false }: Check) {
  return { id, title, stimulus, expectation, destructive, slow };
}

function list(checks: readonly Check[]): string {
  const groups = CHECK_GROUPS.map(({ title, checks: all }) => ({
    title,
    chosen: all.filter((check) => checks.includes(check)),
  }));
  return groups
    .filter(({ chosen }) => chosen.length > 0)
    .map(({ title, chosen }) => [title, ...chosen.map(listed)].join('\n'))
    .join('\n\n');
}

function listed({ id, title, destructive, slow }: Check): string {
  const marks = [...(destructive ? ['destructive'] : []), ...(slow ? ['slow'] : [])];
  return `  ${id.padEnd(5)} ${title}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`;
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    printError('The results above were not written:');
    throw fileError(error, file, 'Give --junit a file that can be written');
  }
}
