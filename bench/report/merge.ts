// Merges several runs into one: takes the median of each number.
import { median } from '../harness/histogram.js';
import type { Growth, Measure, RowResult, RunResult, Verdict } from '../harness/result.js';

/** Merges runs of one machine, given in their order. Everything that isn't a number comes from the newest. */
export function merge(runs: readonly RunResult[]): RunResult {
  const newest = [...runs].sort((a, b) => a.at.localeCompare(b.at)).at(-1);
  if (newest === undefined) throw new Error('there is no run to take a median of: npm run bench makes one');
  const rows = newest.rows.map((row) =>
    mergeRows(
      row,
      same(
        runs.flatMap((run) => run.rows),
        row,
        numberOf,
      ),
    ),
  );
  return { ...newest, runs: runs.length, rows };
}

function mergeRows(newest: RowResult, rows: readonly RowResult[]): RowResult {
  const all = {
    measures: rows.flatMap((row) => row.measures),
    verdicts: rows.flatMap((row) => row.verdicts),
    growths: rows.flatMap((row) => row.growths),
  };
  return {
    ...newest,
    notes: mergeNotes(rows.map(({ notes }) => notes)),
    measures: newest.measures.map((one) => mergeMeasures(one, same(all.measures, one, keyOfMeasure))),
    verdicts: newest.verdicts.map((one) =>
      mergeVerdicts(
        one,
        same(all.verdicts, one, ({ what }) => what),
      ),
    ),
    growths: newest.growths.map((one) =>
      mergeGrowths(
        one,
        same(all.growths, one, ({ title }) => title),
      ),
    ),
  };
}

const PERCENTILES = ['p50', 'p90', 'p99', 'p999', 'max'] as const;

function mergeMeasures(newest: Measure, all: readonly Measure[]): Measure {
  const medians = PERCENTILES.flatMap((percentile) => {
    const values = all.map((measure) => measure[percentile]).filter((value) => value !== undefined);
    return values.length === 0 ? [] : [[percentile, median(values)]];
  });
  const merged: Measure = { ...newest, ...Object.fromEntries(medians) };
  if (newest.curve === undefined) return merged;
  const curve = newest.curve.map(([percentile, value], i) => {
    const values = all.map((measure) => measure.curve?.[i]?.[1] ?? value);
    return [percentile, median(values)] as const;
  });
  return { ...merged, curve };
}

function mergeVerdicts(newest: Verdict, all: readonly Verdict[]): Verdict {
  const runs = all.map(({ value }) => value);
  return { ...newest, value: median(runs), runs };
}

function mergeGrowths(newest: Growth, all: readonly Growth[]): Growth {
  const lines = newest.lines.map(({ name, ys }) => {
    const others = all.map((growth) => growth.lines.find((line) => line.name === name)?.ys ?? ys);
    return { name, ys: ys.map((y, i) => median(others.map((other) => other[i] ?? y))) };
  });
  return { ...newest, lines };
}

const RATIO = /\d+\.\d+/g;

/** Puts median ratios into the newest run's notes: notes have the same text in every run, except for ratios. */
function mergeNotes(runs: readonly (readonly string[])[]): string[] {
  const newest = runs.at(-1) ?? [];
  return newest.map((note) => {
    const alike = runs.flat().filter((other) => other.replace(RATIO, '') === note.replace(RATIO, ''));
    const ratios = alike.map((other) => (other.match(RATIO) ?? []).map(Number));
    let at = 0;
    return note.replace(RATIO, () => {
      const values = ratios.map((row) => row[at] ?? 0);
      at++;
      return median(values).toFixed(2);
    });
  });
}

function same<T>(all: readonly T[], one: T, key: (item: T) => unknown): T[] {
  return all.filter((item) => key(item) === key(one));
}

function numberOf({ number }: RowResult): number {
  return number;
}

function keyOfMeasure({ contender, variant, unit }: Measure): string {
  return `${contender}|${variant}|${unit}`;
}
