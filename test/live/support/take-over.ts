import { renameSync } from 'node:fs';
import { type MpChannel, openPrimary } from '../../../lib/index.js';
import { dialectOf } from '../../../protocol/index.js';
import { readConfigHead } from '../../../shm/layout/mem-config.js';
import type { LiveScope } from './live.js';

/** The primary's version word; 0 where there is none. */
export function versionOf(scope: LiveScope): number {
  return readConfigHead(`${scope.runtimeDir}/config`)?.versionWord ?? 0;
}

/**
 * Opens a Node primary at the path of the C primary, which keeps the memory. `config` is away meanwhile, so that the Node primary
 * doesn't notice the living C primary; its secondaries still do.
 */
export async function takeOver(scope: LiveScope): Promise<MpChannel> {
  const dialect = dialectOf(versionOf(scope)).id;
  const config = `${scope.runtimeDir}/config`;
  renameSync(`${scope.runtimeDir}/mp_socket`, `${scope.runtimeDir}/socket.away`);
  renameSync(config, `${config}.away`);
  const primary = scope.closeLater(await openPrimary({ filePrefix: scope.filePrefix, dialect }));
  renameSync(`${config}.away`, config);
  return primary;
}
