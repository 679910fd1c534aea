// The results of a run, in the form of its JSON file.

/** Latencies of one contender in one variant, in nanoseconds; or a single number, in `p50`. */
export interface Measure {
  readonly contender: string;
  /** For example `16 B` or `64 secondaries`. */
  readonly variant: string;
  readonly unit: Unit;
  readonly count: number;
  readonly p50: number;
  readonly p90?: number;
  readonly p99?: number;
  readonly p999?: number;
  readonly max?: number;
  /** `[percentile, value]` pairs, for the plot of the distribution. */
  readonly curve?: readonly (readonly [number, number])[];
}

export type Unit = 'ns' | 'messages/s' | 'requests/s' | 'bytes' | 'GB/s';

/** A value, and the bar that the project wants it to meet. */
export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly bar: Bar;
  /** Unit of the value; left out for a ratio to C. */
  readonly unit?: Unit;
  /** The values of the single runs, if this is their median. */
  readonly runs?: readonly number[];
}

interface Bar {
  readonly kind: 'at most' | 'at least';
  readonly limit: number;
}

/** Curves over a count: secondaries, zones, requests in flight. */
export interface Growth {
  readonly title: string;
  readonly x: string;
  readonly y: Unit;
  readonly xs: readonly number[];
  readonly lines: readonly { readonly name: string; readonly ys: readonly number[] }[];
}

export interface RowResult {
  readonly number: number;
  readonly title: string;
  /** How it was measured. */
  readonly method: string;
  /** Remarks, such as what could not be measured here and how to measure it. */
  readonly notes: readonly string[];
  readonly measures: readonly Measure[];
  readonly verdicts: readonly Verdict[];
  readonly growths: readonly Growth[];
}

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly kernel: string;
  readonly node: string;
  readonly dpdk: string;
  readonly package: string;
}

export interface RunResult {
  readonly schema: 1;
  readonly at: string;
  readonly quick: boolean;
  /** How many runs these numbers are the median of; 1 for a single run. */
  readonly runs: number;
  readonly seconds: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly machine: Machine;
  readonly rows: readonly RowResult[];
}

export function isMet({ value, bar }: Verdict): boolean {
  return bar.kind === 'at most' ? value <= bar.limit : value >= bar.limit;
}
