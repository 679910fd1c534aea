// The DPDK releases that this machine has for tests.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { ALL_RELEASES, isOf, type Release } from './releases.js';
import { unpackCommand, unpackedDir, unpackedVersion } from './unpacked.js';

export interface DpdkInstall {
  /** 'native' is the machine's own DPDK; others are in releases.ts. */
  readonly release: string;
  /** '22.11.11' */
  readonly version: string;
  readonly compiler: string;
  readonly compileFlags: readonly string[];
  readonly linkFlags: readonly string[];
  /** EAL's arguments that load the bus of virtual devices and the null driver; undefined where there are none. */
  readonly driverArgs: readonly string[] | undefined;
  /** The command that runs `command` where this DPDK's libraries are. */
  wrap(command: readonly string[]): readonly string[];
}

export interface Missing {
  /** What is missing and how to get it. */
  readonly missing: string;
}

/** Where the machine's own EAL looks for drivers. */
const PMD_FOLDER = '/usr/lib/x86_64-linux-gnu/dpdk';
const DRIVERS = ['librte_bus_vdev.so', 'librte_net_null.so'];

const INSTALLS: Readonly<Record<string, () => DpdkInstall | Missing>> = {
  native: findNative,
  ...Object.fromEntries(ALL_RELEASES.map((release) => [release, () => findRelease(release)])),
};

/** Whether the machine's own EAL loads that driver, such as 'net_hns3'. */
export function hasDriver(name: string): boolean {
  if (!existsSync(PMD_FOLDER)) return false;
  const files = readdirSync(PMD_FOLDER, { recursive: true, encoding: 'utf8' });
  return files.some((file) => basename(file) === `librte_${name}.so`);
}

/** Kept, because every start of a peer asks for it. */
const found = new Map<string, DpdkInstall>();

/** The machine's DPDK of that release, or what is missing. */
export function findDpdk(release = 'native'): DpdkInstall | Missing {
  const known = found.get(release);
  if (known !== undefined) return known;
  const install = INSTALLS[release]?.() ?? {
    missing: `DPDK '${release}' isn't one of: ${Object.keys(INSTALLS)}`,
  };
  if (!('missing' in install)) found.set(release, install);
  return install;
}

/** The machine's own DPDK where it is of that release, else one unpacked next to it. */
function findRelease(release: Release): DpdkInstall | Missing {
  const native = findDpdk();
  return 'version' in native && isOf(release, native.version)
    ? { ...native, release }
    : findUnpacked(release);
}

function findUnpacked(release: Release): DpdkInstall | Missing {
  if (process.arch !== 'x64') return { missing: `DPDK ${release} is unpacked on x86-64 only` };
  const root = unpackedDir(release);
  const version = unpackedVersion(release);
  if (version === undefined) {
    return {
      missing: `DPDK ${release} isn't unpacked in ${root}; on Debian: ${unpackCommand(release).join(' ')}`,
    };
  }
  const compiler = compilerName();
  if (run(compiler, '--version') === undefined) return { missing: `${compiler} isn't installed` };
  const libraries = `${root}/usr/lib/x86_64-linux-gnu`;
  return {
    release,
    version,
    compiler,
    compileFlags: [
      `--sysroot=${root}`,
      ...['-I=/usr/include/x86_64-linux-gnu/dpdk', '-I=/usr/include/dpdk'],
      // as its own pkg-config file says
      ...['-include', 'rte_config.h', '-march=corei7'],
    ],
    // Debian's gcc looks into the host's own folders before the sysroot's: for libraries and for crt1.o
    linkFlags: [`-B${libraries}/`, `-L${libraries}`, '-lrte_eal', '-pthread'],
    driverArgs: DRIVERS.flatMap((name) => ['-d', `${libraries}/${name}`]),
    // the loader of its own C library: needs no chroot or namespace, and its pid is the program's
    wrap: (command) => [
      `${root}/lib64/ld-linux-x86-64.so.2`,
      ...['--inhibit-cache', '--library-path', libraries],
      ...command,
    ],
  };
}

function findNative(): DpdkInstall | Missing {
  const compiler = compilerName();
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
    // EAL finds its drivers itself, all of them
    driverArgs: existsSync(PMD_FOLDER) ? [] : undefined,
    wrap: (command) => command,
  };
}

/** The C compiler's name, or what is missing. */
export function findCompiler(): string | Missing {
  const compiler = compilerName();
  if (run(compiler, '--version') !== undefined) return compiler;
  return { missing: `${compiler} isn't installed; on Debian or Ubuntu: apt-get install gcc` };
}

function compilerName(): string {
  return process.env.CC ?? 'gcc';
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
