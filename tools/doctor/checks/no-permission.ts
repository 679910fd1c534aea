import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { userName } from '../../../sys/process-facts.js';
import type { Check } from '../finding.js';

/** The first thing on the way to the sockets that isn't ours to use. */
export const noPermission: Check = {
  id: 'no-permission',
  run({ directory, socketPath, uid }) {
    const { R_OK, W_OK, X_OK } = constants;
    const needs: [path: string, mode: number, why: string][] = [
      ...ancestors(directory).map((path): [string, number, string] => [path, X_OK, 'enter']),
      [directory, R_OK | W_OK | X_OK, 'make a socket in'],
      [`${directory}/config`, R_OK, 'read'],
      [socketPath, W_OK, 'send to'],
    ];
    const refused = needs.find(([path, mode]) => isRefused(path, mode));
    if (refused === undefined) return undefined;
    const [path, , why] = refused;
    const { uid: owner, mode } = statSync(path);
    return {
      severity: 'error',
      what: `${userName(uid)} may not ${why} ${path}`,
      evidence: `its mode is ${(mode & 0o7777).toString(8).padStart(4, '0')} and it belongs to ${userName(owner)}; we are ${userName(uid)}`,
      fix: `Run as ${userName(owner)}, or start the primary as ${userName(uid)}: DPDK's processes have to be of one user`,
    };
  },
};

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [...ancestors(above), above];
}

/** Asked for the real user id, as DPDK decides by it, too. */
function isRefused(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}
