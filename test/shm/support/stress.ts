// C primaries that consist of one file, such as test/shm/peers/stress.c, and of what all peers share.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CProcess } from '../../support/c-process.js';
import { buildProgram } from '../../support/dpdk/build.js';
import { ealArgs } from '../../support/dpdk/eal-args.js';
import { findDpdk } from '../../support/dpdk/install.js';
import type { PeerScope } from '../../support/dpdk/peers-for.js';
import type { PeerLine } from '../../support/line-log.js';

const SOURCE = fileURLToPath(new URL('../peers/stress.c', import.meta.url));
const SHARED = fileURLToPath(new URL('../../peers/', import.meta.url));
const START_TIMEOUT_MS = 90_000;

export interface StressOptions {
  /** `-m`; 4 by default. */
  readonly memoryMb?: number;
  /** More arguments of EAL. */
  readonly args?: readonly string[];
  /** Changes the command, for instance puts another program in front of it. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/** Starts stress.c on the scope's prefix; it ends with the test. */
export function startStress(scope: PeerScope, options: StressOptions = {}): Promise<CProcess> {
  return startSource(scope, 'stress', SOURCE, options);
}

/** The same for another source file, as the program `name`. */
export async function startSource(
  scope: PeerScope,
  name: string,
  source: string,
  options: StressOptions = {},
): Promise<CProcess> {
  const { args = [], memoryMb = 4, wrap = (command) => command } = options;
  const install = findDpdk(scope.release);
  if ('missing' in install) throw new Error(`${install.missing}. Call needsDpdk() in a before hook.`);
  const shared = readdirSync(SHARED).filter((name) => /^(?!primary|secondary).*\.c$/.test(name));
  const program = await buildProgram(install, name, [source, ...shared.map((name) => join(SHARED, name))]);
  const command = [program, ...ealArgs({ filePrefix: scope.filePrefix, memoryMb, args })];
  const stress = new CProcess(`C ${name} primary`, wrap(install.wrap(command)));
  scope.defer(() => stress[Symbol.asyncDispose]());
  await stress.waitFor(/^READY /, START_TIMEOUT_MS);
  return stress;
}

/** Sends a command and returns the line that answers it. */
export async function run(stress: CProcess, command: string, timeoutMs = 60_000): Promise<PeerLine> {
  const verb = command.split(' ', 1)[0] ?? '';
  const from = stress.lines.length;
  stress.send(command);
  return stress.waitFor((line) => line.event === verb || line.event === 'error', { from, timeoutMs });
}
