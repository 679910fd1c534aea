// DPDK releases of other Debian releases, unpacked next to the machine's own DPDK.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isOf, type Release } from './releases.js';

const SCRIPT = fileURLToPath(new URL('./unpack-dpdk.sh', import.meta.url));

/** The Debian release that has each release of DPDK. */
const SUITES: Readonly<Record<Release, string>> = {
  '22.11': 'bookworm',
  '24.11': 'trixie',
  '25.11': 'forky',
};

/** The folder of an unpacked release, kept between runs. Change the name when a run needs more than older ones unpacked. */
export function unpackedDir(release: Release): string {
  return join(cacheDir(), `dpdk-${release}-buses`);
}

/** The version, such as '24.11.8'; undefined where it isn't unpacked completely. */
export function unpackedVersion(release: Release): string | undefined {
  try {
    const version = readFileSync(join(unpackedDir(release), '.dpdk-version'), 'utf8').trim();
    return isOf(release, version) ? version : undefined;
  } catch {
    return undefined;
  }
}

/** The command that unpacks it, within seconds, on x86-64. */
export function unpackCommand(release: Release): readonly string[] {
  return ['bash', relative(process.cwd(), SCRIPT), release, SUITES[release], unpackedDir(release)];
}

/** The folder of what tests keep between runs. */
export function cacheDir(): string {
  const { DPDK_IPC_CACHE, XDG_CACHE_HOME } = process.env;
  if (DPDK_IPC_CACHE) return DPDK_IPC_CACHE;
  return process.getuid?.() === 0
    ? '/var/cache/dpdk-ipc'
    : join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'dpdk-ipc');
}
