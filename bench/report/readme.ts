// The part of the project's README that quotes a run.
import type { Measure, RowResult, RunResult } from '../harness/result.js';
import { quantity } from './quantity.js';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';
/** The rows that readers ask for first: a synchronous request, and one on the event loop. */
const ROWS: readonly number[] = [1, 2];
const VARIANTS: readonly string[] = ['16 B', '16 B, across processors'];

/** `readme` with the numbers of `run` between the two comments. */
export function withNumbers(readme: string, run: RunResult): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${section(run)}\n\n${END}${after}`;
}

function section(run: RunResult): string {
  const { machine, runs, at } = run;
  const of = runs === 1 ? 'One run' : `Median of ${runs} runs`;
  return [
    `${of}, the last one on ${at.slice(0, 10)}: ${machine.cpus} × ${machine.cpu}, Node ${machine.node}, DPDK ` +
      `${machine.dpdk}; 16 bytes of param. [All measurements](bench/results/README.md).`,
    '',
    '| one request after the other | p50 | p99 | p50, ratio to C |',
    '| --- | ---: | ---: | ---: |',
    ...run.rows.filter(({ number }) => ROWS.includes(number)).flatMap(rowLines),
  ].join('\n');
}

function rowLines({ measures }: RowResult): string[] {
  return VARIANTS.flatMap((variant) => {
    const found = measures.filter((measure) => measure.variant === variant);
    const c = found.find(({ contender }) => contender.startsWith('C rte_mp'));
    const shown = found.filter((one) => one === c || /^request/.test(one.contender));
    return shown.map((measure) => line(measure, c, variant.includes('across')));
  });
}

function line({ contender, unit, p50, p99 }: Measure, c: Measure | undefined, isAcross: boolean): string {
  const [call = '', option] = contender.replace('C ', '').split(', ');
  const what = [
    contender.startsWith('C ') ? `C, \`${call}\`` : `Node, \`${call}\``,
    ...(option === undefined ? [] : [`\`${option}\``]),
    ...(isAcross ? ['across processors'] : []),
  ].join(', ');
  const ratio = c === undefined ? '' : quantity(p50 / c.p50);
  return `| ${what} | ${quantity(p50, unit)} | ${quantity(p99, unit)} | ${ratio} |`;
}
