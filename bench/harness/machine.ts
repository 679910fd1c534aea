// Where a run took place.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, type } from 'node:os';
import type { DpdkInstall } from '../../test/support/dpdk/install.js';
import type { Machine } from './result.js';

export function machineOf({ version }: DpdkInstall): Machine {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    dpdk: version,
    package: (JSON.parse(manifest) as { version: string }).version,
  };
}
