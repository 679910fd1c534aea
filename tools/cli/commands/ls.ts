import type { Command } from 'commander';
import { findInstances, type UnreadableDir } from '../../instances/find.js';
import { type Instance, isAlive } from '../../instances/inspect.js';
import { type PrefixOptions, withJson, withRuntimeDir, withTime } from '../options.js';
import {
  type Colour,
  paint,
  print,
  printError,
  printJson,
  table,
  terminalWidth,
  visible,
  wrap,
} from '../output.js';

interface Options extends Partial<PrefixOptions> {
  readonly probe: boolean;
  readonly timeout: number;
}

const ABOUT = `Lists the DPDK primaries of this machine, running or dead: in the runtime
directories of root, of this user, of other users and of services, and wherever
else a primary's socket is bound.

Each running primary gets one harmless request, to see whether its IPC answers;
a C primary logs a line about it ("unsupported secondary to primary request").
--no-probe sends nothing.`;

const EXAMPLES = `
Columns:
  STATE    running, starting, dead, or private: it shares nothing (--in-memory,
           --no-shconf)
  DIALECT  bytes / most descriptors of a datagram; ? for an unknown release
  IPC      yes, silent (no answer in time), or why sending failed; - if nothing
           was sent
  PEERS    living secondaries, and sockets that dead ones left behind

Examples:
  $ dpdk-ipc ls
  $ dpdk-ipc ls --json | jq -r '.instances[].filePrefix'

Exit status: 0, also if there is none; 2 it could not look.`;

/** Adds `ls`. */
export function addCommand(program: Command): void {
  const command = program
    .command('ls')
    .description(ABOUT)
    .option('--file-prefix <prefix>', 'list this prefix alone');
  withTime(withJson(withRuntimeDir(command)), 'how long a primary has to answer', 1_000)
    .option('--no-probe', 'send nothing, and do not show whether IPC answers')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run({ filePrefix, runtimeDir, probe, timeout, json }: Options): Promise<void> {
  const found = await findInstances({ filePrefix, runtimeDir, probe, timeoutMs: timeout });
  if (json) {
    printJson(found);
    return;
  }
  for (const dir of found.unreadable) printError(unreadable(dir));
  if (found.instances.length === 0) printError(`No DPDK primary was found${where(filePrefix, runtimeDir)}.`);
  else print(listing(found.instances));
}

function where(filePrefix: string | undefined, runtimeDir: string | undefined): string {
  const under = filePrefix === undefined ? '' : ` under the prefix '${filePrefix}'`;
  return runtimeDir === undefined ? under : `${under} in ${runtimeDir}`;
}

function unreadable({ path, owner }: UnreadableDir): string {
  const whose = owner === undefined ? '' : `, it belongs to ${owner}`;
  const as = owner === undefined || owner === 'root' ? 'root' : `${owner} or root`;
  return wrap(`${path} can not be read${whose}: run as ${as} to see what is in it.`, {
    stream: process.stderr,
  });
}

const HEADING = ['PREFIX', 'STATE', 'VERSION', 'DIALECT', 'IPC', 'PID', 'USER', 'PEERS', 'COMMAND'];

/** The text of an empty cell. */
const NONE = '-';

/** A table for each runtime directory. */
function listing(instances: readonly Instance[]): string {
  const dirs = [...new Set(instances.map(({ runtimeDir }) => runtimeDir))];
  return dirs
    .map((dir) => {
      const rows = instances.filter(({ runtimeDir }) => runtimeDir === dir).map(row);
      return [paint('dim', `${dir}:`), ...tableOf(rows)].join('\n');
    })
    .join('\n\n');
}

function row(instance: Instance): string[] {
  const { filePrefix, state, version, dialect, primary, owner, secondaries } = instance;
  const stale = secondaries.stale.length === 0 ? '' : `+${secondaries.stale.length} stale`;
  return [
    filePrefix,
    state,
    version ?? NONE,
    isAlive(instance) ? (dialect ?? '?') : NONE,
    ipcOf(instance),
    String(primary?.pid ?? NONE),
    primary?.user ?? owner ?? NONE,
    `${secondaries.alive.length}${stale}`,
    // the program's folder would leave no room for the arguments
    primary?.command.replace(/^\S*\//, '') ?? NONE,
  ];
}

/** A shorter part of the command would say nothing. */
const MIN_COMMAND_WIDTH = 20;

/** On a narrow terminal each command has a line of its own. */
function tableOf(rows: readonly string[][]): string[] {
  const all = [HEADING, ...rows];
  const withoutCommand = table(all.map((cells) => cells.slice(0, -1)));
  const width = Math.max(...withoutCommand.map(({ length }) => length));
  const isWide = width + MIN_COMMAND_WIDTH <= (terminalWidth() ?? Number.POSITIVE_INFINITY);
  const [heading = '', ...lines] = (isWide ? table(all) : withoutCommand).map(fitted);
  const withCommands = lines.flatMap((line, i) => {
    const command = rows[i]?.at(-1) ?? NONE;
    return isWide || command === NONE ? [coloured(line)] : [coloured(line), fitted(visible(`  ${command}`))];
  });
  return [paint('bold', heading), ...withCommands];
}

function ipcOf({ ipc, state }: Instance): string {
  if (state === 'private') return 'none';
  if (ipc === undefined) return NONE;
  return ipc === 'answers' ? 'yes' : ipc;
}

const STATE_COLOURS: Readonly<Record<string, Colour>> = { running: 'green', starting: 'yellow', dead: 'red' };

function coloured(line: string): string {
  return line.replace(/ (running|starting|dead) /, (all, state: string) =>
    all.replace(state, paint(STATE_COLOURS[state] ?? 'dim', state)),
  );
}

/** Cuts a line to the terminal's width: the end of the command goes. */
function fitted(line: string): string {
  const width = terminalWidth();
  return width === undefined || line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
