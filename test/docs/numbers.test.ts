// README.md has the numbers of the runs in bench/results: `npm run bench-report` writes both.
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import type { Measure, RunResult } from '../../bench/harness/result.js';
import { withNumbers } from '../../bench/report/markdown.js';
import { read } from './documents.js';

const RESULTS = 'bench/results/README.md';

const measure = (contender: string, variant: string, p50: number): Measure => ({
  contender,
  variant,
  unit: 'ns',
  count: 1,
  p50,
  p99: 10 * p50,
});

const ROW = { number: 1, title: '', method: '', notes: [], verdicts: [], growths: [] };
const RUN: RunResult = {
  schema: 1,
  at: '2026-01-02T03:04:05.000Z',
  quick: false,
  runs: 3,
  seconds: 1,
  options: {},
  machine: { cpu: 'CPU', cpus: 2, kernel: 'Linux', node: 'v20', dpdk: '22.11', package: '0.1.0' },
  rows: [
    {
      ...ROW,
      measures: [
        measure('requestSync', '16 B', 20_000),
        measure('requestSync, busyPollMicros: 0', '16 B, across processors', 60_000),
        measure('C raw loop', '16 B', 1),
        measure('C rte_mp_request_sync', '16 B', 40_000),
        measure('C rte_mp_request_sync', '16 B, across processors', 30_000),
        measure('requestSync', '256 B', 1),
      ],
    },
    { ...ROW, number: 8, measures: [measure('request', '16 B', 1)] },
  ],
};

function numbersOf(text: string): string[] {
  return /<!-- bench: begin -->\n(.*)<!-- bench: end -->/s.exec(text)?.[1]?.trim().split('\n') ?? [];
}

describe('numbers in README.md', () => {
  it('stand between two comments, and the rest of the page stays', () => {
    const old = 'before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n';
    const fresh = withNumbers(old, RUN);
    expect(fresh)
      .to.match(/^before\n<!-- bench: begin -->\n/)
      .and.match(/<!-- bench: end -->\nafter\n$/);
    expect(withNumbers(fresh, RUN)).to.equal(fresh);
    const [about, ...rest] = numbersOf(fresh);
    expect(about).to.match(/^Median of 3 runs, the last one on 2026-01-02: 2 × CPU/);
    expect(rest.slice(3)).to.deep.equal([
      '| Node, `requestSync` | 20.0 µs | 200 µs | 0.50 |',
      '| C, `rte_mp_request_sync` | 40.0 µs | 400 µs | 1.00 |',
      '| Node, `requestSync`, `busyPollMicros: 0`, across processors | 60.0 µs | 600 µs | 2.00 |',
      '| C, `rte_mp_request_sync`, across processors | 30.0 µs | 300 µs | 1.00 |',
    ]);
    expect(() => withNumbers('no comments', RUN)).to.throw('README.md has no');
  });

  it('are the same as in bench/results', function () {
    if (!existsSync(new URL(`../../${RESULTS}`, import.meta.url))) return this.skip();
    const results = read(RESULTS);
    const [about = '', ...table] = numbersOf(read('README.md'));
    const [, runs = '', day = ''] = /^(.*?), the last one on ([\d-]+)/.exec(about) ?? [];
    expect(results).to.contain(`${runs}, the last one at ${day}`);
    expect(table.length).to.be.greaterThan(3);
    for (const [, p50 = '', p99 = ''] of table.slice(3).map((line) => line.split(' | ')))
      expect(results).to.match(new RegExp(`\\| ${p50} \\| [^|]+ \\| ${p99} \\|`));
  });
});
