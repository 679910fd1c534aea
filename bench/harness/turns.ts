// Contenders take turns, so that other work of the machine slows all of them alike. Each runs on a chosen processor: EAL
// pins its threads, so Node's thread runs where the C thread runs that does the same work.
import { execFileSync } from 'node:child_process';
import { allowedCpus, nthCpu } from '../../test/support/dpdk/eal-args.js';
import { Latencies } from './histogram.js';
import type { Sizes } from './options.js';
import { progress } from './progress.js';
import type { Measure, Verdict } from './result.js';

/** The processor of the C secondary's main thread, its `-l`. */
const SECONDARY_CORE = 1;

const CPUS = allowedCpus();

/**
 * `'main'`: on the processor of the C secondary's main thread, which asks and sends; `'others'`: on all processors but
 * that one, where its EAL thread runs, which answers; `'anywhere'`: on all processors.
 */
type Placement = 'main' | 'others' | 'anywhere';

/** Moves Node's main thread. V8's helper threads stay where they are. */
export function place(placement: Placement): void {
  const main = CPUS[Math.min(SECONDARY_CORE, CPUS.length - 1)] ?? nthCpu(SECONDARY_CORE);
  const others = CPUS.filter((cpu) => cpu !== main);
  const cpus = placement === 'main' ? [main] : placement === 'others' && others.length > 0 ? others : CPUS;
  execFileSync('taskset', ['--cpu-list', '--pid', cpus.join(','), String(process.pid)], { stdio: 'ignore' });
}

/** One of several ways to do the same thing. */
export interface Contender {
  readonly name: string;
  /** Does it `count` times. Returns the nanoseconds of each. */
  run(count: number): Promise<ArrayLike<number>>;
  /** Called before each turn. */
  before?(): Promise<void> | void;
  /** Called after each turn. */
  after?(): Promise<void> | void;
}

interface Turns {
  /** Name for the progress line. */
  readonly what: string;
  readonly variant: string;
  readonly sizes: Pick<Sizes, 'samples' | 'warmUp' | 'rounds'>;
}

export async function takeTurns(contenders: readonly Contender[], turns: Turns): Promise<Measure[]> {
  const { what, variant, sizes } = turns;
  const { samples, warmUp, rounds } = sizes;
  const latencies = new Map(contenders.map((contender) => [contender, new Latencies()]));
  const perRound = Math.ceil(samples / rounds);
  for (let round = 1; round <= rounds; round++) {
    for (const [contender, found] of latencies) {
      progress(`${what}, ${variant}, round ${round} of ${rounds}: ${contender.name}`);
      await contender.before?.();
      await contender.run(Math.ceil(round === 1 ? warmUp : warmUp / 5));
      found.add(Array.from(await contender.run(perRound)));
      await contender.after?.();
    }
  }
  return [...latencies].map(([{ name }, found]) => found.measure(name, variant));
}

/** Divides the median of one contender by that of another in the same variant; NaN if one of them is missing. */
export function ratio(measures: readonly Measure[], variant: string, of: string, to: string): number {
  return p50(measures, variant, of) / p50(measures, variant, to);
}

/** The verdict whether `of` takes at most `limit` times as long as C. */
export function atMost(
  limit: number,
  what: string,
  measures: readonly Measure[],
  [variant, of, c]: readonly [string, string, string],
): Verdict {
  const value = ratio(measures, variant, of, c);
  return { what: `${what} to C, ${variant}`, value, bar: { kind: 'at most', limit } };
}

export function p50(measures: readonly Measure[], variant: string, contender: string): number {
  const found = measures.find((measure) => measure.variant === variant && measure.contender === contender);
  return found?.p50 ?? Number.NaN;
}

/** The same contender with Node's thread on the processors where C's main thread isn't. */
export function onOtherCpus(contender: Contender): Contender {
  return { ...contender, before: () => place('others'), after: () => place('anywhere') };
}

/** The same contender with Node's thread on the processor of C's main thread. */
export function onMainCpu(contender: Contender): Contender {
  return { ...contender, before: () => place('main'), after: () => place('anywhere') };
}

/** Times `count` calls of a synchronous function, in nanoseconds. */
export function timeSync(count: number, action: () => void): Float64Array {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    action();
    times[i] = (performance.now() - start) * 1e6;
  }
  return times;
}

/** Times `count` calls of an asynchronous function, one after the other, in nanoseconds. */
export async function timeAsync(count: number, action: () => Promise<unknown>): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await action();
    times[i] = (performance.now() - start) * 1e6;
  }
  return times;
}
