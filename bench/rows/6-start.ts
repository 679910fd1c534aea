import { fileURLToPath } from 'node:url';
import { CProcess } from '../../test/support/c-process.js';
import { builtLibrary } from '../harness/built.js';
import { CBench } from '../harness/c-program.js';
import { Latencies, median } from '../harness/histogram.js';
import { progress } from '../harness/progress.js';
import type { Measure } from '../harness/result.js';
import type { Stage } from '../harness/stage.js';
import { ratio } from '../harness/turns.js';
import type { Row } from './row.js';

const CHILD = fileURLToPath(new URL('../peers/start.mjs', import.meta.url));
const NODE = 'Node';
const EAGER = 'Node, all functions compiled before (--no-lazy)';
const C = 'C';
const FIRST_REPLY = 'to the first reply';
const BOOT = 'process boot';
const RESIDENT = 'resident memory';

/** One start, in nanoseconds and bytes. */
interface Start {
  readonly boot: number;
  readonly firstReply: number;
  readonly resident: number;
}

export const start: Row = {
  number: 6,
  title: 'Start',
  method:
    'A new process each time: from openSecondary, or rte_eal_init, until a first requestSync has its answer. What comes ' +
    "before that (exec, the dynamic linker; Node's boot and the import of the package) is process boot. Resident memory " +
    'is VmRSS after the reply; hugepages are not part of it.',

  async measure(stage) {
    const library = await builtLibrary();
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
        `V8 compiles a function when it is first called, which is most of Node's start: where all are compiled before (node --no-lazy, a slower boot), it takes ${ratio(measures, FIRST_REPLY, EAGER, C).toFixed(2)} of C's.`,
      ],
    };
  },
};

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
  return startOf(new CProcess('a Node secondary', command, spawnedNow()));
}

async function startC({ install, filePrefix }: Stage): Promise<Start> {
  return startOf(await CBench.launch(install, { role: 'secondary', filePrefix, core: 1 }, spawnedNow));
}

function spawnedNow(): Record<string, string> {
  return { BENCH_SPAWNED_NS: String(process.hrtime.bigint()) };
}

async function startOf(program: CProcess): Promise<Start> {
  const { text } = await program.waitFor(/^(start|failed) /);
  await program.exited;
  const [boot = Number.NaN, , firstReply = Number.NaN, kb = Number.NaN] = text
    .split(' ')
    .slice(1)
    .map(Number);
  if (!Number.isFinite(kb)) throw new Error(program.describe());
  return { boot, firstReply, resident: kb * 1024 };
}
