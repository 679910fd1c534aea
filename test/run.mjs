// `npm test` prepares the machine, runs mocha, and ends with a line that has the counts.
//
//   npm test                              everything
//   npm test -- test/lib test/x.test.ts  only the tests in this folder and in this file
//   npm test -- --coverage                with coverage; requires 100 % of the branches of protocol/
//   npm test -- --grep flood              other arguments go to mocha
//
// DPDK_IPC_NO_INSTALL=1: installs and unpacks nothing, reserves no hugepages, mounts nothing.
// DPDK_IPC_RELEASES=22.11,24.11: suites that run for each DPDK release run for these only.
// DPDK_IPC_CACHE=DIR: where releases are unpacked; as root /var/cache/dpdk-ipc by default.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './register.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REPORTER = fileURLToPath(import.meta.resolve('./support/reporter.mjs'));
const MOCHA = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
const C8 = fileURLToPath(import.meta.resolve('c8/bin/c8.js'));
const COVERAGE = ['--temp-directory', 'coverage/tmp', '--reports-dir', 'coverage'];

process.chdir(ROOT);
// imported late: these are TypeScript, which register.mjs has just made loadable
const { prepareMachine } = await import('./support/machine.ts');
const { whatIsMissing } = await import('./support/dpdk/needs-dpdk.ts');

const args = process.argv.slice(2);
const coverage = args.includes('--coverage');
const scratch = mkdtempSync(join(tmpdir(), 'dpdk-ipc-test-'));

try {
  prepareMachine();
  process.exitCode = runTests(args.filter((arg) => arg !== '--coverage'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function runTests(given) {
  const statsFile = join(scratch, 'stats.json');
  const paths = given.filter(isTestPath);
  const specs = paths.length > 0 ? paths.map(specOf) : [specOf('test')];
  const mochaArgs = [...given.filter((arg) => !isTestPath(arg)), ...specs];
  // the last reporter wins: ours, which counts
  const mocha = [process.execPath, MOCHA, '--fail-zero', ...mochaArgs, '--reporter', REPORTER];
  const status = run(coverage ? underCoverage(mocha) : mocha, { DPDK_IPC_TEST_STATS: statsFile });
  const uncovered = coverage && !protocolIsCovered();
  const stats = readStats(statsFile);
  // a run can fail without a failing test: a file that doesn't load, a crash
  const failed = Math.max(stats.failures, status === 0 ? 0 : 1) + (uncovered ? 1 : 0);
  sayWhatWasLeftOut();
  const skipped = stats.pending > 0 ? `, ${stats.pending} skipped` : '';
  console.log(`${stats.passes} passed, ${failed} failed${skipped}`);
  return status || (uncovered ? 1 : 0);
}

function isTestPath(arg) {
  return /^(?:\.\/)?test(?:\/|$)/.test(arg) || (isAbsolute(arg) && existsSync(arg));
}

/** A folder stands for all tests in it. */
function specOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? `${path}/**/*.test.ts` : path;
}

function underCoverage(command) {
  const which = ['protocol/**', 'sys/**', 'shm/**', 'lib/**', 'tools/**'].flatMap((files) => [
    '--include',
    files,
  ]);
  return [
    process.execPath,
    C8,
    ...COVERAGE,
    ...which,
    '--reporter',
    'text',
    '--reporter',
    'lcovonly',
    ...command,
  ];
}

function protocolIsCovered() {
  const least = ['--per-file', '--branches', '100', '--lines', '0', '--functions', '0', '--statements', '0'];
  return (
    run([process.execPath, C8, 'check-coverage', ...COVERAGE, '--include', 'protocol/**', ...least]) === 0
  );
}

function run([file, ...fileArgs], env = {}) {
  return spawnSync(file, fileArgs, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}

function readStats(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passes: 0, failures: 0, pending: 0 };
  }
}

function sayWhatWasLeftOut() {
  const missing = whatIsMissing();
  if (missing.length === 0) return;
  console.log('npm test: tests against C DPDK were left out:');
  for (const what of missing) console.log(`  - ${what}`);
}
