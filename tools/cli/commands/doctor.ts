import type { Command } from 'commander';
import { type Diagnosis, diagnose } from '../../doctor/diagnose.js';
import type { Finding, Severity } from '../../doctor/doctor-check.js';
import { findInstances } from '../../instances/find.js';
import { EXIT_FINDING } from '../exit.js';
import { type PrefixOptions, withJson, withRuntimeDir, withTime } from '../options.js';
import { type Colour, Progress, paint, print, printError, printJson, visible, wrap } from '../output.js';

interface Options extends Partial<PrefixOptions> {
  readonly timeout: number;
}

const ABOUT = `Finds out why messages to a primary, or its shared memory, do not work, and prints what
is wrong, how it knows, and what to do. Without --file-prefix it looks at every primary
that "dpdk-ipc ls" shows as alive.

It changes nothing. A running primary and its secondaries get one harmless request
each; a C primary logs a line about it ("unsupported secondary to primary request").`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc doctor --file-prefix rte
  $ dpdk-ipc doctor --json | jq -r '.[].findings[].fix'

Exit status: 0 it found no error (there may be warnings), 1 it found one, 2 it
could not look.`;

/** Adds `doctor`. */
export function addCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description(ABOUT)
    .option('--file-prefix <prefix>', 'look at this prefix alone (default: all that run, or rte)');
  withTime(withJson(withRuntimeDir(command)), 'how long each process has to answer', 2_000)
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(options: Options): Promise<void> {
  const diagnoses = await diagnoseAll(options);
  if (options.json) printJson(diagnoses);
  else print(diagnoses.map(report).join('\n\n'));
  if (diagnoses.some(({ healthy }) => !healthy)) process.exitCode = EXIT_FINDING;
}

async function diagnoseAll(options: Options): Promise<Diagnosis[]> {
  using progress = new Progress();
  const diagnoses: Diagnosis[] = [];
  for (const { filePrefix, runtimeDir } of await prefixesOf(options)) {
    const onCheck = (id: string) => progress.show(`${filePrefix}: ${id}`);
    diagnoses.push(await diagnose({ filePrefix, runtimeDir, timeoutMs: options.timeout, onCheck }));
  }
  return diagnoses;
}

async function prefixesOf({ filePrefix, runtimeDir }: Options) {
  if (filePrefix !== undefined) return [{ filePrefix, runtimeDir }];
  const { instances } = await findInstances({ runtimeDir, probe: false });
  const alive = instances.filter(({ state }) => state !== 'dead');
  if (alive.length === 0) return instances.length > 0 ? instances : [{ filePrefix: 'rte', runtimeDir }];
  const dead = instances.flatMap(({ state, filePrefix: name }) => (state === 'dead' ? [name] : []));
  if (dead.length > 0) printError(`Not examined, because their primaries have ended: ${dead.join(', ')}`);
  return alive;
}

const COLOURS: Readonly<Record<Severity, Colour>> = { error: 'red', warning: 'yellow', note: 'cyan' };

function report(diagnosis: Diagnosis): string {
  const { findings, checked, healthy } = diagnosis;
  const verdict = healthy
    ? paint('green', `ok: ${checked.length} checks, no error`)
    : `${checked.length} checks${diagnosis.leftOut.length === 0 ? '' : `, ${diagnosis.leftOut.length} more once this is fixed`}`;
  return [heading(diagnosis), ...findings.map(describe), verdict].join('\n');
}

function heading({ filePrefix, runtimeDir, instance }: Diagnosis): string {
  const start = paint('bold', visible(`${runtimeDir}/${filePrefix}`));
  if (instance === undefined) return `${start}: nothing`;
  const { state, version, primary, secondaries } = instance;
  const facts = [
    state,
    ...(version === undefined ? [] : [`DPDK ${version}`]),
    ...(primary === undefined ? [] : [`pid ${primary.pid} of ${primary.user}`]),
    ...(secondaries.alive.length === 0
      ? []
      : [`secondaries ${secondaries.alive.map(({ pid }) => pid).join(', ')}`]),
  ];
  return `${start}: ${wrapped(facts.join(', '), runtimeDir.length + filePrefix.length + 3)}`;
}

/** A line each for what is wrong, the evidence and the fix. */
function describe({ id, severity, what, evidence, fix }: Finding): string {
  return [
    `${paint(COLOURS[severity], severity)} ${paint('dim', `[${id}]`)} ${wrapped(what, severity.length + id.length + 4)}`,
    `  seen: ${wrapped(evidence)}`,
    `  fix:  ${wrapped(fix)}`,
  ].join('\n');
}

/** The second and later lines of a text stand below the first, behind `  seen: `. */
const INDENT = 8;

function wrapped(text: string, used = INDENT): string {
  return wrap(text, { used, indent: INDENT });
}
