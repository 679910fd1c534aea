// Contenders take turns, so that whatever else the machine does meets them alike.
import { Latencies } from './histogram.js';
import type { Sizes } from './options.js';
import { place } from './placement.js';
import { progress } from './progress.js';
import type { Measure, Verdict } from './result.js';

/** One way of doing the same thing. */
export interface Contender {
  readonly name: string;
  /** Does it `count` times; nanoseconds of each. */
  run(count: number): Promise<ArrayLike<number>>;
  /** Around each turn. */
  before?(): Promise<void> | void;
  after?(): Promise<void> | void;
}

export interface Turns {
  /** For the progress line. */
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

/** The median of one contender over that of another in the same variant; NaN where one of them is missing. */
export function ratio(measures: readonly Measure[], variant: string, of: string, to: string): number {
  return p50(measures, variant, of) / p50(measures, variant, to);
}

/** That `of` takes at most `limit` times what C takes. */
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

/** The same with Node's thread on the other processors. */
export function across(contender: Contender): Contender {
  return { ...contender, before: () => place('others'), after: () => place('anywhere') };
}

/** The same contender with Node's thread where C's main thread is; see placement.ts. */
export function onMain(contender: Contender): Contender {
  return { ...contender, before: () => place('main'), after: () => place('anywhere') };
}

/** Times a synchronous function. */
export function timeSync(count: number, action: () => void): Float64Array {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    action();
    times[i] = (performance.now() - start) * 1e6;
  }
  return times;
}

/** Times an asynchronous one, one call after the other. */
export async function timeAsync(count: number, action: () => Promise<unknown>): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await action();
    times[i] = (performance.now() - start) * 1e6;
  }
  return times;
}
