// Other releases of Node, from npm, kept in the cache of the DPDK releases.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pendingUnlessCi } from '../support/dpdk/needs-dpdk.js';
import { cacheDir } from '../support/dpdk/unpacked.js';
import { npm } from './packed.js';

/** The oldest release that package.json allows, and one of each maintained line. */
export const NODE_RELEASES = ['20.19.0', '22.23.3', '24.21.0'] as const;

/** For about 50 MB. */
const DOWNLOAD_TIMEOUT_MS = 180_000;

/** For a `before` hook: returns the binary of this release; the suite is pending where it can't be downloaded. */
export function needsNode(context: Mocha.Context, release: string): string {
  context.timeout(DOWNLOAD_TIMEOUT_MS);
  if (process.versions.node === release) return process.execPath;
  const name = `node-linux-${process.arch}`;
  const directory = join(cacheDir(), `node-${release}`);
  const binary = join(directory, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  if (process.env.DPDK_IPC_NO_INSTALL === '1') {
    return pendingUnlessCi(context, `Node ${release} is not in ${directory}, and DPDK_IPC_NO_INSTALL=1`);
  }
  try {
    console.log(`    getting Node ${release} into ${directory} (DPDK_IPC_NO_INSTALL=1 turns this off)`);
    download(`${name}@${release}`, directory);
  } catch (error) {
    return pendingUnlessCi(context, `Node ${release} can't be downloaded from npm: ${String(error)}`);
  }
  return binary;
}

/** Downloads completely or not at all, also when two runs do it at the same time. */
function download(spec: string, directory: string): void {
  mkdirSync(cacheDir(), { recursive: true });
  const scratch = mkdtempSync(join(cacheDir(), 'node-'));
  try {
    npm(scratch, 'install', '--prefix', scratch, '--ignore-scripts', '--no-audit', '--no-fund', spec);
    if (!existsSync(directory)) renameSync(scratch, directory);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
