// Builds server.c against the installed DPDK, and the command that starts it.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MpError } from '../../lib/index.js';
import { buildProgram } from '../../test/support/build.js';
import { findDpdk } from '../../test/support/dpdk.js';
import { ealArgs } from '../../test/support/eal-args.js';
import { findHugepages, hugetlbfsMounts } from '../../test/support/hugepages.js';

/** What the server takes: 16 MiB. */
const HUGEPAGES = 8;

export interface CServerOptions {
  readonly filePrefix: string;
  readonly printMs: number;
  /** The server ends by itself then, should we not get to end it. */
  readonly durationMs: number;
}

/** Throws an error that says what to install where that is what is missing. */
export async function cServerCommand(options: CServerOptions): Promise<readonly string[]> {
  const install = findDpdk();
  if ('missing' in install) throw new MpError('ENOPKG', install.missing);
  const program = await buildProgram(install, 'demo-server', [
    fileURLToPath(new URL('server.c', import.meta.url)),
  ]);
  const hugepages = (findHugepages()?.freePages ?? 0) >= HUGEPAGES;
  const eal = ealArgs({
    filePrefix: options.filePrefix,
    hugepages,
    memoryMb: hugepages ? 16 : 64,
    args: ['--log-level', 'warning'],
  });
  return install.wrap([program, ...eal, '--', String(options.printMs), String(options.durationMs)]);
}

/** EAL leaves its hugepages behind, for secondaries that may still look at them. */
export function removeHugepages(filePrefix: string): void {
  for (const dir of hugetlbfsMounts()) {
    for (const name of readdirSync(dir)) {
      if (name.startsWith(`${filePrefix}map_`)) rmSync(join(dir, name), { force: true });
    }
  }
}
