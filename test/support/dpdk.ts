// Which DPDK there is to test against.
import { execFileSync } from 'node:child_process';

export interface DpdkInstall {
  /** 'native' is the machine's own DPDK; other releases get a row in `INSTALLS`. */
  readonly release: string;
  /** '22.11.11' */
  readonly version: string;
  readonly compiler: string;
  readonly compileFlags: readonly string[];
  readonly linkFlags: readonly string[];
  /** The command that runs `command` where this DPDK's libraries are. */
  wrap(command: readonly string[]): readonly string[];
}

export interface Missing {
  /** What isn't there and how to get it. */
  readonly missing: string;
}

const INSTALLS: Readonly<Record<string, () => DpdkInstall | Missing>> = { native: findNative };

/** The machine's DPDK of that release, or what it lacks. */
export function findDpdk(release = 'native'): DpdkInstall | Missing {
  return INSTALLS[release]?.() ?? { missing: `DPDK '${release}' isn't one of: ${Object.keys(INSTALLS)}` };
}

function findNative(): DpdkInstall | Missing {
  const compiler = process.env.CC ?? 'gcc';
  const how = 'on Debian or Ubuntu: apt-get install libdpdk-dev dpdk-dev gcc pkg-config';
  if (run('pkg-config', '--version') === undefined) return { missing: `pkg-config isn't installed; ${how}` };
  const version = run('pkg-config', '--modversion', 'libdpdk');
  if (version === undefined) return { missing: `DPDK isn't installed (pkg-config libdpdk); ${how}` };
  if (run(compiler, '--version') === undefined) return { missing: `${compiler} isn't installed; ${how}` };
  return {
    release: 'native',
    version,
    compiler,
    compileFlags: words(run('pkg-config', '--cflags', 'libdpdk')),
    // the peers call EAL only: all of libdpdk's 100 libraries would be loaded for nothing
    linkFlags: [...words(run('pkg-config', '--libs-only-L', 'libdpdk')), '-lrte_eal', '-pthread'],
    wrap: (command) => command,
  };
}

function run(file: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
