import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CProcess } from '../../test/support/c-process.js';
import { CBench } from '../harness/c-program.js';
import { Latencies, median } from '../harness/histogram.js';
import { progress } from '../harness/progress.js';
import type { Measure } from '../harness/result.js';
import type { Row, Stage } from '../harness/stage.js';
import { ratio } from '../harness/turns.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = ['protocol', 'sys', 'shm', 'lib'];
const LIBRARY = join(ROOT, 'dist/lib/index.js');
const CHILD = fileURLToPath(new URL('../peers/start.mjs', import.meta.url));
const NODE = 'Node';
const EAGER = 'Node, all functions compiled before (--no-lazy)';
const C = 'C';
const FIRST_REPLY = 'to the first reply';
const BOOT = 'process boot';
const RESIDENT = 'resident memory';

/** Times of one start in nanoseconds, memory in bytes. */
interface Start {
  readonly boot: number;
  readonly firstReply: number;
  readonly resident: number;
}

export const start: Row = {
  number: 6,
  title: 'Start',
  method:
    'A new process each time: from openSecondary, or rte_eal_init, until a first requestSync has its answer. The time ' +
    "before that (exec, the dynamic linker; Node's boot and the import of the package) is process boot. Resident memory " +
    'is VmRSS after the reply, without hugepages.',

  async measure(stage) {
    const library = await buildLibrary();
    const found = new Map<string, Start[]>([
      [NODE, []],
      [EAGER, []],
      [C, []],
    ]);
    for (let i = 1; i <= stage.sizes.starts; i++) {
      progress(`start ${i} of ${stage.sizes.starts}`);
      found.get(NODE)?.push(await startNode(stage, library));
      found.get(EAGER)?.push(await startNode(stage, library, '--no-lazy'));
      found.get(C)?.push(await startC(stage));
    }
    const measures = [...found].flatMap(([name, starts]) => measuresOf(name, starts));
    return {
      measures,
      verdicts: [
        {
          what: 'start to first reply, Node to C',
          value: ratio(measures, FIRST_REPLY, NODE, C),
          bar: { kind: 'at most', limit: 0.1 },
        },
      ],
      notes: [
        `V8 compiles a function when it is first called, which is most of Node's start: if V8 compiles all before (node --no-lazy, a slower boot), the start takes ${ratio(measures, FIRST_REPLY, EAGER, C).toFixed(2)} of C's.`,
      ],
    };
  },
};

/** Builds the package as users have it, if a source is newer than dist/. Returns the path of its main file. */
async function buildLibrary(): Promise<string> {
  const newest = Math.max(...SOURCES.flatMap(filesIn).map(modified));
  if (modified(LIBRARY) < newest) {
    progress('npm run build');
    await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT });
  }
  return LIBRARY;
}

function filesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(ROOT, folder, name));
}

/** Returns the time of the last change, 0 for a missing file. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function measuresOf(contender: string, starts: readonly Start[]): Measure[] {
  const times = (variant: string, of: (start: Start) => number) => {
    const latencies = new Latencies();
    latencies.add(starts.map(of));
    return latencies.measure(contender, variant);
  };
  return [
    times(FIRST_REPLY, ({ firstReply }) => firstReply),
    times(BOOT, ({ boot }) => boot),
    {
      contender,
      variant: RESIDENT,
      unit: 'bytes',
      count: starts.length,
      p50: median(starts.map(({ resident }) => resident)),
    },
  ];
}

function startNode({ filePrefix }: Stage, library: string, ...options: string[]): Promise<Start> {
  const command = [process.execPath, ...options, CHILD, library, filePrefix];
  return readStart(new CProcess('a Node secondary', command, spawnedNow()));
}

async function startC({ install, filePrefix }: Stage): Promise<Start> {
  return readStart(await CBench.launch(install, { role: 'secondary', filePrefix, core: 1 }, spawnedNow));
}

function spawnedNow(): Record<string, string> {
  return { BENCH_SPAWNED_NS: String(process.hrtime.bigint()) };
}

async function readStart(program: CProcess): Promise<Start> {
  const { text } = await program.waitFor(/^(start|failed) /);
  await program.exited;
  const [boot = Number.NaN, , firstReply = Number.NaN, kb = Number.NaN] = text
    .split(' ')
    .slice(1)
    .map(Number);
  if (!Number.isFinite(kb)) throw new Error(program.describe());
  return { boot, firstReply, resident: kb * 1024 };
}
