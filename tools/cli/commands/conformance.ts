import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { DIALECTS, versionOf } from '../../../protocol/dialect.js';
import { MpError } from '../../../protocol/errors.js';
import { fileError } from '../../../sys/errors.js';
import type { Check } from '../../conformance/check.js';
import { ALL_CHECKS, CHECK_GROUPS } from '../../conformance/checks/index.js';
import { driverSource } from '../../conformance/driver-source.js';
import { json, junit, summary, table } from '../../conformance/report.js';
import { runChecks } from '../../conformance/run.js';
import { findPrimary } from '../../conformance/running-primary.js';
import type { Role, SubjectSource } from '../../conformance/subject.js';
import { EXIT_FINDING } from '../exit.js';
import { type PrefixOptions, withDialect, withJson, withPrefix } from '../options.js';
import { Progress, paint, print, printError, printJson } from '../output.js';

interface Options extends PrefixOptions {
  readonly driver?: string;
  readonly role: Role;
  readonly destructive?: boolean;
  readonly slow?: boolean;
  readonly junit?: string;
  readonly only?: string;
  readonly list?: boolean;
}

const ABOUT = `Runs the numbered checks of the protocol reference against the primary of a file prefix.
Without --destructive they leave it as they found it. Checks that need a driver are skipped.
With --driver, all checks run against processes of your own program instead (docs/conformance-kit.md).`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc conformance --file-prefix rte
  $ dpdk-ipc conformance --file-prefix rte --only C25,C38 --json
  $ dpdk-ipc conformance --driver ./my-driver --role secondary
  $ dpdk-ipc conformance --list

Exit status: 0 no check failed, 1 a check failed, 2 no check could run.`;

/** Adds `conformance`. */
export function addCommand(program: Command): void {
  const command = program.command('conformance').description(ABOUT);
  withJson(withDialect(withPrefix(command)))
    .option('--driver <command>', 'start and test processes of this program instead of a primary')
    .addOption(
      new Option('--role <role>', 'the role of the driver')
        .choices(['primary', 'secondary'])
        .default('secondary'),
    )
    .option('--destructive', 'also run checks that may end its IPC or the process')
    .option('--slow', 'also run checks that take many seconds')
    .option('--only <ids>', 'run these checks alone: C14,C15')
    .option('--list', 'print the checks and run none')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(options: Options): Promise<void> {
  const checks = chooseChecks(options.only);
  if (options.list) {
    if (options.json) printJson(checks.map(checkRecord));
    else print(list(checks));
    return;
  }
  const source =
    options.driver === undefined ? await findPrimary(options) : sourceOf(options.driver, options);
  const results = await runAll(source, checks, options);
  const label = options.driver === undefined ? await primaryLabel(source) : source.label;
  print(
    options.json ? json(label, results) : `${label}\n\n${coloured(table(results))}\n\n${summary(results)}`,
  );
  if (options.junit !== undefined) writeReport(options.junit, junit(label, results));
  if (results.some(({ status }) => status === 'fail')) process.exitCode = EXIT_FINDING;
}

/** Colours `pass` and `fail` in lines such as `C25   pass …`. */
function coloured(results: string): string {
  return results.replaceAll(
    /^(\S+ +)(pass|fail)\b/gm,
    (_, id: string, status: string) => `${id}${paint(status === 'pass' ? 'green' : 'red', status)}`,
  );
}

function sourceOf(program: string, { role, dialect = '332/8' }: Options): SubjectSource {
  return driverSource({
    label: `${program} as ${role}, dialect ${dialect}`,
    role,
    dialect: DIALECTS[dialect],
    command: () => ['/bin/sh', '-c', `exec ${program}`],
  });
}

async function runAll(source: SubjectSource, checks: readonly Check[], options: Options) {
  // the processes of a driver exist for the checks alone
  const { slow = false, driver, destructive = driver !== undefined } = options;
  using progress = new Progress();
  let done = 0;
  const onStart = ({ id, title }: Check) => progress.show(`${done++}/${checks.length} ${id} ${title}`);
  // a check that ends the primary comes last
  const inOrder = [...checks].sort((a, b) => Number(a.destructive ?? false) - Number(b.destructive ?? false));
  const results = await runChecks(source, inOrder, { destructive, slow, onStart });
  return results.sort((a, b) => checks.indexOf(a.check) - checks.indexOf(b.check));
}

async function primaryLabel(source: SubjectSource): Promise<string> {
  const { versionWord, socketPath } = await source.open();
  const version = versionWord === undefined ? 'unknown version' : `DPDK ${versionOf(versionWord)}`;
  return `${source.label}: ${version}, dialect ${source.dialect.id}, ${socketPath}`;
}

function chooseChecks(only: string | undefined): readonly Check[] {
  if (only === undefined) return ALL_CHECKS;
  return only.split(',').map((id) => {
    const check = ALL_CHECKS.find((known) => known.id.toLowerCase() === id.trim().toLowerCase());
    if (check === undefined)
      throw new MpError('EINVAL', `There is no check '${id}': conformance --list shows all`);
    return check;
  });
}

function checkRecord({ id, title, stimulus, expectation, destructive = false, slow = false }: Check) {
  return { id, title, stimulus, expectation, destructive, slow };
}

function list(checks: readonly Check[]): string {
  const groups = CHECK_GROUPS.map(({ title, checks: all }) => {
    const lines = all.filter((check) => checks.includes(check)).map(listLine);
    return lines.length === 0 ? [] : [[title, ...lines].join('\n')];
  });
  return groups.flat().join('\n\n');
}

function listLine({ id, title, destructive, slow }: Check): string {
  const marks = [...(destructive ? ['destructive'] : []), ...(slow ? ['slow'] : [])];
  return `  ${id.padEnd(5)} ${title}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`;
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    printError('The JUnit file was not written:');
    throw fileError(error, file, 'Give --junit a file that can be written');
  }
}
