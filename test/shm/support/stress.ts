// The C primary of test/shm/peers/stress.c.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../../support/build.js';
import { CProcess } from '../../support/c-process.js';
import { findDpdk } from '../../support/dpdk.js';
import { ealArgs } from '../../support/eal-args.js';
import type { PeerLine } from '../../support/line.js';
import type { PeerScope } from '../../support/peers-for.js';

const SOURCE = fileURLToPath(new URL('../peers/stress.c', import.meta.url));
const SHARED = fileURLToPath(new URL('../../peers/', import.meta.url));
const START_TIMEOUT_MS = 15_000;

export interface StressOptions {
  /** More arguments of EAL. */
  readonly args?: readonly string[];
  /** Put something in front of the command. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/** Starts it on the scope's prefix; it ends with the test. */
export async function startStress(scope: PeerScope, options: StressOptions = {}): Promise<CProcess> {
  const { args = [], wrap = (command) => command } = options;
  const install = findDpdk(scope.release);
  if ('missing' in install) throw new Error(`${install.missing}. Call needsDpdk() in a before hook.`);
  const shared = readdirSync(SHARED).filter((name) => /^(?!primary|secondary).*\.c$/.test(name));
  const program = await buildProgram(install, 'stress', [
    SOURCE,
    ...shared.map((name) => join(SHARED, name)),
  ]);
  const command = [program, ...ealArgs({ filePrefix: scope.filePrefix, memoryMb: 4, args })];
  const stress = new CProcess('C stress primary', wrap(install.wrap(command)));
  scope.defer(() => stress[Symbol.asyncDispose]());
  await stress.waitFor(/^READY /, START_TIMEOUT_MS);
  return stress;
}

/** Sends a command and returns the line that answers it. */
export async function run(stress: CProcess, command: string): Promise<PeerLine> {
  const verb = command.split(' ', 1)[0] ?? '';
  const from = stress.lines.length;
  stress.send(command);
  return stress.waitFor((line) => line.event === verb || line.event === 'error', { from, timeoutMs: 60_000 });
}
