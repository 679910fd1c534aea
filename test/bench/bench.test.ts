// `npm run bench -- --quick` works from end to end. These tests ignore its times.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { RowResult, RunResult } from '../../bench/harness/result.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';

/** The command ends within a minute; a loaded machine gets more time. */
const WITHIN_MS = 180_000;
const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const HUGEPAGES = 56;

describe('npm run bench', () => {
  let directory: string;
  let output: string;
  let run: RunResult;

  before(async function () {
    await needsDpdk(this, { hugepages: HUGEPAGES });
    this.timeout(WITHIN_MS);
    directory = mkdtempSync(join(tmpdir(), 'dpdkipc-bench-'));
    output = await npm('run', 'bench', '--', '--quick', '--out', directory);
    run = JSON.parse(readFileSync(join(directory, only('.json')), 'utf8')) as RunResult;
  });

  after(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  function only(extension: string): string {
    const names = readdirSync(directory).filter((name) => name.endsWith(extension));
    expect(names.length).to.equal(1);
    return names[0] ?? '';
  }

  it('measures every row, in Node and in C', () => {
    expect(run.quick).to.equal(true);
    expect(run.rows.map(({ number }) => number)).to.deep.equal(ROWS);
    for (const row of run.rows) checkRow(row);
    expect(run.machine.dpdk).to.match(/^\d+\.\d+/);
    expect(run.machine.node).to.equal(process.version);
  });

  it('takes at least one sample of each measure, with ordered percentiles', () => {
    for (const { title, measures } of run.rows) {
      for (const { contender, variant, count, p50, p99 = p50, max = p99 } of measures) {
        const what = `${title}, ${variant}, ${contender}`;
        expect(count, what).to.be.greaterThan(0);
        expect(p50, what).to.be.at.least(0);
        expect(p99, what).to.be.at.least(p50);
        expect(max * 1.001, what).to.be.at.least(p99); // a histogram rounds
      }
    }
  });

  it('prints a table, and the paths of the files', () => {
    for (const { number, title, verdicts } of run.rows) {
      expect(output).to.include(`${number}. ${title}`);
      for (const { what } of verdicts) expect(output).to.include(what);
    }
    expect(output).to.include(join(directory, only('.html')));
    expect(output).to.match(/--quick: the times mean nothing/);
  });

  it('writes a page that loads no other file', () => {
    const page = readFileSync(join(directory, only('.html')), 'utf8');
    expect(page).not.to.match(/(?:src|href)\s*=|@import|url\(|\bimport\s*\(/);
    expect(withoutLicences(page)).not.to.match(/https?:\/\//);
    expect(page).to.include('uPlot');
    const data = /<script type="application\/json" id="run">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect((JSON.parse(data) as RunResult).rows.length).to.equal(ROWS.length);
  });

  it('bench-report writes the median of complete runs as a table, a page and a README', async function () {
    this.timeout(WITHIN_MS);
    const whole = { ...run, quick: false };
    const slower = { ...whole, at: '2999-01-01T00:00:00.000Z', rows: run.rows.map(threefold) };
    const text = (one: RunResult) => JSON.stringify(one);
    writeFileSync(join(directory, 'a.json'), text(whole));
    writeFileSync(join(directory, 'b.json'), text(slower));
    writeFileSync(join(directory, 'c.json'), text({ ...slower, at: '2998-01-01T00:00:00.000Z' }));
    const report = await npm('run', 'bench-report', '--', directory);
    expect(report).to.include('median of 3 runs');
    const readme = readFileSync(join(directory, 'README.md'), 'utf8');
    const first = slower.rows[0]?.verdicts[0];
    expect(readme).to.include(`| 1. ${first?.what} | ${first?.value.toFixed(2)} |`);
    for (const note of slower.rows.flatMap(({ notes }) => notes)) expect(readme).to.include(note);
    expect(readFileSync(join(directory, 'index.html'), 'utf8')).to.include('"runs":3');
  });

  it('lists its options, and refuses wrong ones', async () => {
    expect(await npm('run', 'bench', '--', '--help')).to.include('--quick');
    const error = await npm('run', 'bench', '--', '--rows', 'one').then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(String(error)).to.include('give numbers such as 1,8');
  }).timeout(WITHIN_MS);
});

function checkRow({ number, measures, title }: RowResult): void {
  expect(measures.length, title).to.be.greaterThan(0);
  // C has no encoder to call alone
  if (number === 7) return;
  expect(
    measures.some(({ contender }) => /^C\b/.test(contender)),
    title,
  ).to.equal(true);
}

function threefold(row: RowResult): RowResult {
  const notes = row.notes.map((note) => note.replace(/\d+\.\d+/g, (ratio) => (Number(ratio) * 3).toFixed(2)));
  return {
    ...row,
    notes,
    verdicts: row.verdicts.map((verdict) => ({ ...verdict, value: verdict.value * 3 })),
  };
}

/** Removes the licence comments, which have the plotting library's address. */
function withoutLicences(page: string): string {
  return page.replaceAll(/\/\*!.*?\*\//gs, '');
}

async function npm(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', args, { timeout: WITHIN_MS });
  return stdout;
}
