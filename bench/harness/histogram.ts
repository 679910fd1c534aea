// Makes percentiles of samples.
import { build, type Histogram } from 'hdr-histogram-js';
import type { Measure } from './result.js';

const DIGITS = 3;
const HIGHEST_NS = 60e9;
/** Points of the plot between two marks of its x axis, which are 90 %, 99 %, 99.9 % … */
const POINTS_PER_NINE = 8;
const NINES = 4;

/** A histogram of nanoseconds, exact to three significant digits. */
export class Latencies {
  readonly #histogram: Histogram = build({
    numberOfSignificantValueDigits: DIGITS,
    highestTrackableValue: HIGHEST_NS,
    useWebAssembly: false,
  });

  get count(): number {
    return this.#histogram.totalCount;
  }

  add(samples: Iterable<number>): void {
    for (const ns of samples) this.#histogram.recordValue(Math.max(1, Math.round(ns)));
  }

  measure(contender: string, variant: string): Measure {
    const at = (percentile: number) => this.#histogram.getValueAtPercentile(percentile);
    return {
      contender,
      variant,
      unit: 'ns',
      count: this.count,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: this.#histogram.maxValue,
      curve: curvePercentiles().map((percentile) => [percentile, at(percentile)] as const),
    };
  }
}

function curvePercentiles(): number[] {
  const steps = Array.from({ length: POINTS_PER_NINE * NINES + 1 }, (_, i) => i / POINTS_PER_NINE);
  return steps.map((nines) => Number((100 * (1 - 10 ** -nines)).toPrecision(7)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
