// On which processors Node's one thread runs. EAL pins its threads, so a comparison has to say where Node's is: it runs
// where the C thread runs that does the same work.
import { execFileSync } from 'node:child_process';
import { allowedCpus, nthCpu } from '../../test/support/dpdk/eal-args.js';

/** The processor of the C secondary's main thread, its `-l`. */
const SECONDARY_CORE = 1;

/**
 * `'main'`: where the C secondary's own thread is, which asks and sends; `'others'`: all processors but
 * that one, where its EAL thread may be, which answers; `'anywhere'`: where the kernel likes.
 */
export type Placement = 'main' | 'others' | 'anywhere';

const everywhere = allowedCpus();

export function place(placement: Placement): void {
  const main = nthCpuOf(SECONDARY_CORE);
  const others = everywhere.filter((cpu) => cpu !== main);
  const cpus =
    placement === 'main' ? [main] : placement === 'others' && others.length > 0 ? others : everywhere;
  // the main thread alone: V8's helpers stay where they are
  execFileSync('taskset', ['--cpu-list', '--pid', cpus.join(','), String(process.pid)], { stdio: 'ignore' });
}

function nthCpuOf(n: number): number {
  return everywhere[Math.min(n, everywhere.length - 1)] ?? nthCpu(n);
}
