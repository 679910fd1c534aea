// npm run test:faults -- [--cycles 1000] [--sweeps 1] [--seed 1]: makes every system call fail at every step, then kills processes
// with SIGKILL: Node ones at each of their calls in turn, C ones at any time. C needs DPDK and hugepages.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../fuzz/support/random.js';
import { holdings, longRun, numbersFrom, type Progress } from '../support/long-run.js';
import { CSurvivor, killAsked, killStarting, killWriter } from './support/c-kills.js';
import { SCENARIOS } from './support/scenarios.js';
import { sweep } from './support/sweep.js';
import { transpile } from './support/transpiled.js';
import { callsOf, killPrimary, killSecondary } from './support/victims.js';

const { cycles, sweeps, seed } = numbersFrom({ cycles: 1000, sweeps: 1, seed: 1 });
/** How long a C primary takes to be ready. */
const START_MS = 250;

await longRun('test:faults', async (progress) => {
  const faults = await sweepAll(progress);
  const killed = cycles > 0 ? await killAll(progress) : 'none killed';
  const { descriptors } = await holdings();
  return `${faults}; ${killed}; ${descriptors} descriptors open at the end`;
});

async function sweepAll(progress: Progress): Promise<string> {
  let [runs, errors] = [0, 0];
  for (let round = 0; round < sweeps; round++) {
    for (const scenario of SCENARIOS) {
      const result = await sweep(scenario, (done, of) =>
        progress.update(() => `${scenario.name}: ${done} of ${of}`),
      );
      if (result.failures.length > 0) throw new Error(result.failures.join('\n'));
      console.log(
        `${scenario.name}: ${result.calls} calls, ${result.runs} runs, ${result.errors} with an error`,
      );
      runs += result.runs;
      errors += result.errors;
    }
  }
  return `${runs} system calls failed, ${errors} of them with an MpError`;
}

async function killAll(progress: Progress): Promise<string> {
  const random = new Random(seed);
  const { root, remove } = transpile();
  const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
  const place = { root, runtimeDir, filePrefix: 'kill' };
  try {
    await using survivor = await CSurvivor.start(root);
    const secondary = callsOf(await killSecondary(place, Number.MAX_SAFE_INTEGER));
    const primary = callsOf(await killPrimary(place, Number.MAX_SAFE_INTEGER));
    const beside = await survivor.calls();
    const kinds = {
      'Node secondary beside a Node primary': (i: number) => killSecondary(place, i % secondary),
      'Node primary': (i: number) => killPrimary(place, i % primary),
      'Node secondary beside a C primary': (i: number) => survivor.kill(i % beside),
      'C primary that starts': () => killStarting(random.below(START_MS)),
      'C primary that is asked and read': () => killAsked(random.below(150)),
      'C primary that holds mlock as writer': () => killWriter(),
    };
    // how many of ten kills each kind gets
    const order = Object.entries(kinds).flatMap(([kind, kill], i) =>
      new Array([3, 3, 1, 1, 1, 1][i] ?? 0).fill({ kind, kill }),
    );
    const counts: Record<string, number> = {};
    for (let cycle = 0; cycle < cycles; cycle++) {
      const { kind, kill } = order[cycle % order.length];
      counts[kind] = (counts[kind] ?? 0) + 1;
      try {
        await kill(counts[kind] - 1);
      } catch (error) {
        throw new Error(`Cycle ${cycle} (${kind}, its number ${counts[kind] - 1}) of seed ${seed}`, {
          cause: error,
        });
      }
      progress.update(() => `kill -9: ${cycle + 1} of ${cycles}`);
    }
    console.log(JSON.stringify(counts));
    return `${cycles} processes killed`;
  } finally {
    remove();
    rmSync(runtimeDir, { recursive: true });
  }
}
