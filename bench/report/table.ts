// A run as a text table for a terminal.
import { isMet, type Measure, type RowResult, type RunResult, type Verdict } from '../harness/result.js';
import { quantity } from './quantity.js';

const HEAD = ['', 'p50', 'p90', 'p99', 'p99.9', 'max'];

export function table(run: RunResult): string {
  const { machine, at, quick, seconds } = run;
  const head = [
    `${machine.cpus} × ${machine.cpu}, ${machine.kernel}, Node ${machine.node}, DPDK ${machine.dpdk}`,
    `${at}, ${run.runs === 1 ? `${seconds} s` : `median of ${run.runs} runs`}${quick ? ', --quick: the times mean nothing' : ''}`,
  ];
  return [...head, ...run.rows.map(rowText)].join('\n');
}

function rowText(row: RowResult): string {
  return [
    '',
    `${row.number}. ${row.title}`,
    ...variantsOf(row).map((variant) => variantText(row, variant)),
    ...row.verdicts.map((verdict) => `  ${verdictText(verdict)}`),
    ...row.notes.map((note) => `  ${note}`),
  ].join('\n');
}

export function variantsOf({ measures }: RowResult): string[] {
  return [...new Set(measures.map(({ variant }) => variant))];
}

function variantText(row: RowResult, variant: string): string {
  const measures = row.measures.filter((measure) => measure.variant === variant);
  const hasSpread = measures.some(({ p90 }) => p90 !== undefined);
  const lines = measures.map((measure) => [measure.contender, ...cells(measure)]);
  return columns([[variant, ...(hasSpread ? HEAD.slice(1) : [''])], ...lines]);
}

/** Formats the percentiles with their unit. */
export function cells({ unit, p50, p90, p99, p999, max }: Measure): string[] {
  return [p50, p90, p99, p999, max]
    .filter((value) => value !== undefined)
    .map((value) => quantity(value, unit));
}

function verdictText(verdict: Verdict): string {
  const { what, value, bar, unit } = verdict;
  return `${isMet(verdict) ? '✓' : '✗'} ${what}: ${quantity(value, unit)} (${bar.kind} ${quantity(bar.limit, unit)})`;
}

function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))),
    )
    .map((line) => `  ${line.join('  ')}`.trimEnd())
    .join('\n');
}
