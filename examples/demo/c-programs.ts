// Builds server.c and client.c against the installed DPDK, and returns the commands that start them.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MpError } from '../../lib/index.js';
import { buildProgram } from '../../test/support/dpdk/build.js';
import { type EalOptions, ealArgs } from '../../test/support/dpdk/eal-args.js';
import { findHugepages, hugetlbfsMounts } from '../../test/support/dpdk/hugepages.js';
import { findDpdk } from '../../test/support/dpdk/install.js';

/** Pages that the server needs: 16 MiB. */
const HUGEPAGES = 8;

export interface CServerOptions {
  readonly filePrefix: string;
  readonly printMs: number;
  /** The server ends itself after this time, in case the demo can't end it. */
  readonly durationMs: number;
}

export interface CClientOptions {
  readonly filePrefix: string;
  readonly rounds: number;
  readonly syncMs: number;
  readonly asyncMs: number;
}

/** Builds the server, and returns its command line. Without DPDK, throws an error that says what to install. */
export async function cServerCommand(options: CServerOptions): Promise<readonly string[]> {
  const { filePrefix, printMs, durationMs } = options;
  const hugepages = (findHugepages()?.freePages ?? 0) >= HUGEPAGES;
  const eal = { filePrefix, hugepages, memoryMb: hugepages ? 16 : 64 };
  return command('server', eal, [printMs, durationMs]);
}

/** Same as {@link cServerCommand}, for the client. */
export async function cClientCommand(options: CClientOptions): Promise<readonly string[]> {
  const { filePrefix, rounds, syncMs, asyncMs } = options;
  return command('client', { role: 'secondary', filePrefix, core: 1 }, [rounds, syncMs, asyncMs]);
}

async function command(
  name: 'server' | 'client',
  eal: EalOptions,
  args: readonly number[],
): Promise<readonly string[]> {
  const install = findDpdk();
  if ('missing' in install) throw new MpError('ENOPKG', install.missing);
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const program = await buildProgram(install, `demo-${name}`, [source]);
  const options = ealArgs({ ...eal, args: ['--log-level', 'warning'] });
  return install.wrap([program, ...options, '--', ...args.map(String)]);
}

/** Removes the hugepages that EAL leaves behind for secondaries. */
export function removeHugepages(filePrefix: string): void {
  for (const dir of hugetlbfsMounts()) {
    for (const name of readdirSync(dir)) {
      if (name.startsWith(`${filePrefix}map_`)) rmSync(join(dir, name), { force: true });
    }
  }
}
