// File prefixes of the tests' own, and the removal of everything that DPDK leaves under one.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hugetlbfsMounts } from './hugepages.js';

/** The start of every prefix of the tests: cleanPrefix refuses others, which a live DPDK process may use. */
const OURS = 'dpdkipc-';

let made = 0;
const inUse = new Set<string>();

/** A file prefix that no other test has, in this process or in another one. */
export function uniquePrefix(label: string): string {
  made += 1;
  const word = label.replace(/[^a-zA-Z0-9]+/g, '-').slice(0, 16);
  const filePrefix = `${OURS}${word}-${process.pid}-${made}`;
  inUse.add(filePrefix);
  return filePrefix;
}

/** `<base>/dpdk/<prefix>`, by DPDK's own rule (22.03 and later). */
export function runtimeDir(filePrefix: string): string {
  // plain concatenation: peers compare these paths as strings
  return `${runtimeBase()}/dpdk/${filePrefix}`;
}

function runtimeBase(): string {
  const { RUNTIME_DIRECTORY, XDG_RUNTIME_DIR } = process.env;
  if (RUNTIME_DIRECTORY !== undefined) return RUNTIME_DIRECTORY;
  if (process.getuid?.() === 0) return '/var/run';
  return XDG_RUNTIME_DIR ?? '/tmp';
}

/** Removes the prefix's runtime directory and its hugepage files. Its processes must have ended. */
export function cleanPrefix(filePrefix: string): void {
  if (!filePrefix.startsWith(OURS) || filePrefix.includes('/')) {
    throw new Error(`'${filePrefix}' isn't a prefix of the tests: make one with uniquePrefix().`);
  }
  for (const path of leftovers(filePrefix)) rmSync(path, { recursive: true, force: true });
  inUse.delete(filePrefix);
}

// an interrupted run skips the hooks that clean up
process.on('exit', () => {
  for (const filePrefix of inUse) cleanPrefix(filePrefix);
});
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

/** Paths of everything on disk that has this prefix. */
export function leftovers(filePrefix: string): string[] {
  return [
    ...(existsSync(runtimeDir(filePrefix)) ? [runtimeDir(filePrefix)] : []),
    ...hugetlbfsMounts().flatMap((dir) =>
      entries(dir).filter((path) => path.startsWith(join(dir, `${filePrefix}map_`))),
    ),
  ];
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    return [];
  }
}
