// Prepares a machine for tests against C DPDK, as far as this user may: packages, hugepages, hugetlbfs.
// It prints everything that it changes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hasIp } from './dpdk/fake-devices.js';
import { findHugepages, freeHugepages, HUGEPAGE_POOL } from './dpdk/hugepages.js';
import { findDpdk } from './dpdk/install.js';
import { RELEASES } from './dpdk/releases.js';
import { unpackCommand, unpackedDir } from './dpdk/unpacked.js';

/** Enough for several peers at a time; a peer takes up to 8. */
const WANTED_HUGEPAGES = 128;
const HUGETLBFS_DIR = '/dev/hugepages';
// libc6-dev: apt only recommends it to gcc; iproute2: interfaces for AF_XDP
const PACKAGES = ['libdpdk-dev', 'dpdk-dev', 'gcc', 'libc6-dev', 'pkg-config', 'iproute2'];

export function prepareMachine(): void {
  if (process.env.DPDK_IPC_NO_INSTALL === '1' || process.getuid?.() !== 0) return;
  if (('missing' in findDpdk() || !hasIp()) && isDebian()) installPackages();
  if (process.arch === 'x64' && isDebian()) unpackReleases();
  reserveHugepages();
  mountHugetlbfs();
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function installPackages(): void {
  const lacking = PACKAGES.filter((name) => !isInstalled(name));
  say(`installing ${lacking.join(' ')} with apt-get (DPDK_IPC_NO_INSTALL=1 turns this off)`);
  const install = ['install', '-q', '-y', '--no-install-recommends', ...lacking];
  if (aptGet(install)) return;
  say('apt-get could not: its package lists may be old; updating them');
  if (!aptGet(['update', '-q']) || !aptGet(install)) say('apt-get failed: see its output above');
}

/** Unpacks the releases to test that the machine doesn't have, into a cache that outlives the run. */
function unpackReleases(): void {
  for (const release of RELEASES.filter((name) => 'missing' in findDpdk(name))) {
    say(`unpacking DPDK ${release} into ${unpackedDir(release)} (DPDK_IPC_NO_INSTALL=1 turns this off)`);
    const [file = '', ...args] = unpackCommand(release);
    const { status } = spawnSync(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) say(`DPDK ${release} could not be unpacked: see above`);
  }
}

function isInstalled(name: string): boolean {
  const status = ['-W', '-f', '$' + '{Status}', name];
  return spawnSync('dpkg-query', status, { encoding: 'utf8' }).stdout === 'install ok installed';
}

function aptGet(args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-o', 'Dpkg::Use-Pty=0'];
  return (
    spawnSync('apt-get', [...options, ...args], { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0
  );
}

function reserveHugepages(): void {
  const free = freeHugepages();
  if (free >= WANTED_HUGEPAGES) return;
  const file = `${HUGEPAGE_POOL}/nr_hugepages`;
  try {
    const total = Number(readFileSync(file, 'utf8'));
    say(`reserving hugepages: ${total + WANTED_HUGEPAGES - free} instead of ${total} in ${file}`);
    writeFileSync(file, String(total + WANTED_HUGEPAGES - free));
    if (freeHugepages() < WANTED_HUGEPAGES)
      say(`the kernel found room for ${freeHugepages()} free ones only`);
  } catch (error) {
    say(`no hugepages reserved: ${String(error)}`);
  }
}

function mountHugetlbfs(): void {
  if (findHugepages() !== undefined) return;
  say(`mounting hugetlbfs on ${HUGETLBFS_DIR}`);
  const mount = ['-t', 'hugetlbfs', '-o', 'pagesize=2M', 'none', HUGETLBFS_DIR];
  try {
    mkdirSync(HUGETLBFS_DIR, { recursive: true });
  } catch (error) {
    say(`${HUGETLBFS_DIR} can't be made: ${String(error)}`);
  }
  const { status, stderr } = spawnSync('mount', mount, { encoding: 'utf8' });
  if (status !== 0) say(`hugetlbfs was not mounted: ${(stderr ?? '').trim()}`);
}

function say(text: string): void {
  console.log(`npm test: ${text}`);
}
