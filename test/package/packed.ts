// The package as npm would publish it, installed into an empty project.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pendingUnlessCi } from '../support/dpdk/needs-dpdk.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Packing compiles, installing asks the registry. */
const PACK_TIMEOUT_MS = 120_000;

export interface Packed {
  /** The tarball. */
  readonly tarball: string;
  /** The project, which has only dpdk-ipc and its dependencies. */
  readonly directory: string;
  /** `node_modules/dpdk-ipc` in it. */
  readonly packageDir: string;
}

let packed: Packed | { readonly missing: string } | undefined;

/**
 * For a `before` hook: the installed package, made once per run. Where npm can't reach its registry (and hasn't the
 * dependencies in its cache) the suite is pending, with `CI` set it fails.
 */
export function needsPacked(context: Mocha.Context): Packed {
  context.timeout(PACK_TIMEOUT_MS);
  packed ??= install();
  return 'missing' in packed ? pendingUnlessCi(context, packed.missing) : packed;
}

function install(): Packed | { readonly missing: string } {
  const base = mkdtempSync(join(tmpdir(), 'dpdk-ipc-packed-'));
  process.once('exit', () => rmSync(base, { recursive: true, force: true }));
  const [{ filename }] = JSON.parse(npm(ROOT, 'pack', '--json', '--pack-destination', base)) as [
    { filename: string },
  ];
  const tarball = join(base, filename);
  const directory = join(base, 'project');
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{ "private": true }');
  try {
    npm(directory, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball);
  } catch (error) {
    if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED/.test(String(error))) throw error;
    return { missing: 'npm can not reach its registry, so the packed package has no dependencies' };
  }
  return { tarball, directory, packageDir: join(directory, 'node_modules/dpdk-ipc') };
}

/** Runs npm, and returns what it prints. */
export function npm(cwd: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} in ${cwd}: status ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Links this repository's declarations of Node into the project, so that it can compile. */
export function linkNodeTypes({ directory }: Packed): void {
  mkdirSync(join(directory, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types']) {
    const link = join(directory, 'node_modules', name);
    if (!existsSync(link)) symlinkSync(join(ROOT, 'node_modules', name), link);
  }
}
