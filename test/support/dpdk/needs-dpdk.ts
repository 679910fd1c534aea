// Suites are pending where DPDK, hugepages or drivers are missing.
import { buildPeers } from './build.js';
import { findHugepages } from './hugepages.js';
import { type DpdkInstall, findCompiler, findDpdk, hasDriver } from './install.js';
import { ALL_RELEASES, RELEASES } from './releases.js';

export interface Needs {
  /** Which DPDK: 'native' (default) or one of releases.ts. */
  readonly release?: string;
  /** How many free hugepages of 2 MiB the tests take at a time; 0 by default. */
  readonly hugepages?: number;
}

/** Enough for a first compilation on a slow machine. */
const BUILD_TIMEOUT_MS = 120_000;

/**
 * For a `before` hook: finds DPDK and builds the peers, or marks the suite as pending and prints why. With `CI` set, what is
 * missing is a failure instead.
 */
export async function needsDpdk(context: Mocha.Context, needs: Needs = {}): Promise<DpdkInstall> {
  const install = findDpdk(needs.release);
  if ('missing' in install) return pendingUnlessCi(context, install.missing);
  const missing = missingHugepages(needs.hugepages ?? 0);
  if (missing !== undefined) return pendingUnlessCi(context, missing);
  context.timeout(BUILD_TIMEOUT_MS);
  await buildPeers(install);
  return install;
}

/** For a `before` hook: needs a driver of the machine's own EAL, such as 'net_hns3'. */
export function needsDriver(context: Mocha.Context, name: string): void {
  if (hasDriver(name)) return;
  pendingUnlessCi(
    context,
    `DPDK's driver ${name} isn't installed; on Debian or Ubuntu: apt-get install libdpdk-dev`,
  );
}

/** For a `before` hook: the C compiler's name. */
export function needsCompiler(context: Mocha.Context): string {
  const compiler = findCompiler();
  return typeof compiler === 'string' ? compiler : pendingUnlessCi(context, compiler.missing);
}

/** What tests against C lack on this machine; empty where nothing is missing. */
export function whatIsMissing(): string[] {
  const missing = ['native', ...RELEASES].map((release) => {
    const install = findDpdk(release);
    return 'missing' in install ? install.missing : undefined;
  });
  const left = ALL_RELEASES.filter((release) => !RELEASES.includes(release));
  return [
    ...missing,
    ...left.map((release) => `DPDK_IPC_RELEASES leaves DPDK ${release} out`),
    missingHugepages(1),
  ].filter((what) => what !== undefined);
}

/** Marks the suite as pending and prints why; with `CI` set, what is missing is a failure. */
export function pendingUnlessCi(context: Mocha.Context, missing: string): never {
  if (isCi()) throw new Error(`${missing}. (CI is set: a test that can't run is a failure.)`);
  console.log(`    pending: ${missing}`);
  return context.skip();
}

function isCi(): boolean {
  const { CI } = process.env;
  return CI !== undefined && CI !== '' && CI !== 'false';
}

function missingHugepages(needed: number): string | undefined {
  if (needed === 0) return undefined;
  const found = findHugepages();
  if (found === undefined) {
    return 'no writable hugetlbfs is mounted; as root: mount -t hugetlbfs -o pagesize=2M none /dev/hugepages';
  }
  if (found.freePages >= needed) return undefined;
  return `${found.freePages} of ${needed} hugepages (2 MiB) are free; as root: sysctl vm.nr_hugepages=128`;
}
