// A run for GitHub: what the project wants to reach, and the latencies behind it.
import { isMet, type RowResult, type RunResult, type Verdict } from '../harness/result.js';
import { quantity } from './quantity.js';
import { cells, variantsOf } from './table.js';

export function markdown(run: RunResult): string {
  const { machine, runs } = run;
  const of = runs === 1 ? 'One run' : `Median of ${runs} runs`;
  return [
    '# Results',
    '',
    `${of}, the last one at ${run.at}: ${machine.cpus} × ${machine.cpu}, ${machine.kernel}, Node ${machine.node}, ` +
      `DPDK ${machine.dpdk}.`,
    '`npm run bench` makes a run, `npm run bench-report` this page and `index.html`.',
    '',
    '| measured | value | wanted | |',
    '| --- | ---: | ---: | --- |',
    ...run.rows.flatMap((row) => row.verdicts.map((verdict) => verdictLine(row, verdict))),
    '',
    ...run.rows.flatMap(rowLines),
  ].join('\n');
}

function verdictLine({ number }: RowResult, verdict: Verdict): string {
  const { what, value, bar, unit } = verdict;
  return `| ${number}. ${what} | ${quantity(value, unit)} | ${bar.kind} ${quantity(bar.limit, unit)} | ${isMet(verdict) ? 'yes' : '**no**'} |`;
}

function rowLines(row: RowResult): string[] {
  return [
    `## ${row.number}. ${row.title}`,
    '',
    row.method,
    '',
    ...row.notes.map((note) => `${note}\n`),
    '| | | p50 | p90 | p99 | p99.9 | max |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...variantsOf(row).flatMap((variant) =>
      row.measures
        .filter((measure) => measure.variant === variant)
        .map((measure) => `| ${variant} | ${measure.contender} | ${padded(cells(measure)).join(' | ')} |`),
    ),
    '',
  ];
}

function padded(texts: readonly string[]): string[] {
  return Array.from({ length: 5 }, (_, i) => texts[i] ?? '');
}
