// A run as Markdown: bench/results/README.md, and the part of the project's README that quotes it.
import { isMet, type Measure, type RowResult, type RunResult, type Verdict } from '../harness/result.js';
import { quantity } from './quantity.js';
import { cells, variantsOf } from './table.js';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';
/** The rows that readers ask for first: a synchronous request, and one on the event loop. */
const QUOTED_ROWS: readonly number[] = [1, 2];
const QUOTED_VARIANTS: readonly string[] = ['16 B', '16 B, across processors'];

export function markdown(run: RunResult): string {
  const { machine } = run;
  return [
    '# Results',
    '',
    `${runsOf(run)}, the last one at ${run.at}: ${machine.cpus} × ${machine.cpu}, ${machine.kernel}, Node ${machine.node}, ` +
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

function runsOf({ runs }: RunResult): string {
  return runs === 1 ? 'One run' : `Median of ${runs} runs`;
}

/** Returns `readme` with the numbers of `run` between the two comments. */
export function withNumbers(readme: string, run: RunResult): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${numbersOf(run)}\n\n${END}${after}`;
}

function numbersOf(run: RunResult): string {
  const { machine, at } = run;
  return [
    `${runsOf(run)}, the last one on ${at.slice(0, 10)}: ${machine.cpus} × ${machine.cpu}, Node ${machine.node}, DPDK ` +
      `${machine.dpdk}; 16 bytes of param. [All measurements](bench/results/README.md).`,
    '',
    '| one request after the other | p50 | p99 | p50, ratio to C |',
    '| --- | ---: | ---: | ---: |',
    ...run.rows.filter(({ number }) => QUOTED_ROWS.includes(number)).flatMap(quotedLines),
  ].join('\n');
}

function quotedLines({ measures }: RowResult): string[] {
  return QUOTED_VARIANTS.flatMap((variant) => {
    const found = measures.filter((measure) => measure.variant === variant);
    const c = found.find(({ contender }) => contender.startsWith('C rte_mp'));
    const shown = found.filter((one) => one === c || /^request/.test(one.contender));
    return shown.map((measure) => quotedLine(measure, c, variant.includes('across')));
  });
}

function quotedLine(
  { contender, unit, p50, p99 }: Measure,
  c: Measure | undefined,
  isAcross: boolean,
): string {
  const [call = '', option] = contender.replace('C ', '').split(', ');
  const what = [
    contender.startsWith('C ') ? `C, \`${call}\`` : `Node, \`${call}\``,
    ...(option === undefined ? [] : [`\`${option}\``]),
    ...(isAcross ? ['across processors'] : []),
  ].join(', ');
  const ratio = c === undefined ? '' : quantity(p50 / c.p50);
  return `| ${what} | ${quantity(p50, unit)} | ${quantity(p99, unit)} | ${ratio} |`;
}
