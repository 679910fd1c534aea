// Compiles C programs against one DPDK, once per run and only when their sources are newer.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DpdkInstall } from './install.js';

export type PeerRole = 'primary' | 'secondary';

const PEERS_DIR = fileURLToPath(new URL('../../peers/', import.meta.url));
const WARNINGS = ['-Wall', '-Wextra'];

const builds = new Map<string, Promise<string>>();

/** Path of the peer's program, which buildPeers makes. */
export function peerProgram(install: DpdkInstall, role: PeerRole): string {
  return programPath(install, role);
}

export async function buildPeers(install: DpdkInstall): Promise<void> {
  const all = readdirSync(PEERS_DIR).filter((name) => name.endsWith('.c'));
  const shared = all.filter((name) => name !== 'primary.c' && name !== 'secondary.c');
  for (const role of ['primary', 'secondary'] as const) {
    await buildProgram(
      install,
      role,
      [`${role}.c`, ...shared].map((name) => join(PEERS_DIR, name)),
    );
  }
}

/** Compiles `sources` (absolute paths) to a program and returns its path. */
export function buildProgram(
  install: DpdkInstall,
  name: string,
  sources: readonly string[],
): Promise<string> {
  const program = programPath(install, name);
  const build = builds.get(program) ?? compileIfStale(install, program, sources);
  builds.set(program, build);
  return build;
}

function programPath(install: DpdkInstall, name: string): string {
  return join(PEERS_DIR, 'bin', install.version, name);
}

async function compileIfStale(
  install: DpdkInstall,
  program: string,
  sources: readonly string[],
): Promise<string> {
  if (modified(program) > newest(sources)) return program;
  mkdirSync(dirname(program), { recursive: true });
  console.log(`    compiling ${relative(process.cwd(), program)} for DPDK ${install.version}`);
  // renamed into place: another test run may be about to start the old one
  const fresh = `${program}.${process.pid}`;
  const args = [
    '-O2',
    '-g',
    ...WARNINGS,
    ...install.compileFlags,
    '-o',
    fresh,
    ...sources,
    ...install.linkFlags,
  ];
  const { stderr } = await promisify(execFile)(install.compiler, args);
  if (stderr !== '') console.warn(stderr);
  renameSync(fresh, program);
  return program;
}

function newest(sources: readonly string[]): number {
  const folders = new Set(sources.map(dirname));
  const headers = [...folders].flatMap((dir) =>
    readdirSync(dir)
      .filter((name) => name.endsWith('.h'))
      .map((name) => join(dir, name)),
  );
  return Math.max(...[...sources, ...headers].map(modified));
}

/** 0 for a file that isn't there. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
