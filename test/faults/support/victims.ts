// Node processes that are killed at a given system call, and what must hold for the other processes.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type MpChannel, MpError, openPrimary, openSecondary } from '../../../lib/index.js';
import { CProcess } from '../../support/c-process.js';

/** No call of another process may take longer. */
const LIMIT_MS = 4_000;
const ASK_MS = 300;
/** Codes that a request may fail with when its peer dies. */
const EXPECTED = ['ENOENT', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', 'ECANCELED'];

export interface Place {
  /** Where the JavaScript is. */
  readonly root: string;
  readonly runtimeDir: string;
  readonly filePrefix: string;
}

export type VictimRole = 'primary' | 'secondary';

/** Starts a victim; it dies at call `step`, or ends by itself where there are fewer. */
export function startVictim(place: Place, role: VictimRole, step: number, memory = ''): CProcess {
  const program = join(place.root, 'test/faults/victim-child.js');
  return new CProcess(`victim ${role} at call ${step}`, [
    process.execPath,
    program,
    role,
    place.runtimeDir,
    place.filePrefix,
    String(step),
    memory,
  ]);
}

/** How many calls it makes when it isn't killed: the line `calls N`. */
export function callsOf(victim: CProcess): number {
  const line = victim.lines.find(({ text }) => text.startsWith('calls '));
  if (line === undefined) throw new Error(`It did not get to its end.\n${victim.describe()}`);
  return Number(line.text.slice('calls '.length));
}

/** Kills a secondary; this process is its primary. */
export async function killSecondary(place: Place, step: number): Promise<CProcess> {
  const primary = await openPrimary(optionsOf(place));
  primary.registerAction('echo', (msg) => ({ param: msg.param, fds: msg.fds }));
  const victim = startVictim(place, 'secondary', step);
  await untilGone(victim, async () => {
    const reply = await primary.request({ name: 'ask', param: 'who' }, { timeoutMs: ASK_MS });
    checkEcho(reply.msgs, 'who');
    reply[Symbol.dispose]();
  });
  const reply = await within(
    'a broadcast after the death',
    primary.request({ name: 'ask' }, { timeoutMs: ASK_MS }),
  );
  if (reply.nbSent !== 0)
    throw new Error(`The dead one still counts: ${reply.nbSent}.\n${victim.describe()}`);
  await primary.close();
  await checkClean(place, 'secondary');
  return victim;
}

/** Kills a primary; this process is its secondary, and then the next primary. */
export async function killPrimary(place: Place, step: number): Promise<CProcess> {
  const secondary = await openSecondary(optionsOf(place));
  secondary.registerAction('ask', (msg) => ({ param: msg.param }));
  const victim = startVictim(place, 'primary', step);
  let sent = 0;
  await untilGone(victim, async () => {
    const param = `number ${sent++}`;
    const reply = await secondary.request({ name: 'echo', param }, { timeoutMs: ASK_MS });
    checkEcho(reply.msgs, param);
    reply[Symbol.dispose]();
  });
  const successor = await within('taking over', openPrimary(optionsOf(place)));
  successor.registerAction('echo', (msg) => ({ param: msg.param }));
  const reply = await within('asking the successor', secondary.request({ name: 'echo', param: 'anew' }));
  checkEcho(reply.msgs, 'anew', 1);
  await secondary.close();
  await successor.close();
  await checkClean(place, 'primary');
  return victim;
}

/** Asks until the victim has ended. Each request must succeed, or fail in time with an expected code. */
export async function untilGone(victim: CProcess, ask: () => Promise<void>): Promise<void> {
  let isGone = false;
  void victim.exited.then(() => {
    isGone = true;
  });
  while (!isGone) {
    try {
      await within('asking', ask());
    } catch (error) {
      if (!(error instanceof MpError) || !EXPECTED.includes(error.code)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { code, signal } = await victim.exited;
  if (signal !== 'SIGKILL' && code !== 0)
    throw new Error(`It ended with something else than SIGKILL.\n${victim.describe()}`);
}

export function checkEcho(msgs: readonly { text(): string }[], expected: string, least = 0): void {
  const wrong = msgs.filter((msg) => msg.text() !== expected);
  if (wrong.length > 0 || msgs.length < least) {
    throw new Error(`${msgs.length} answers to '${expected}': ${msgs.map((msg) => msg.text())}`);
  }
}

/** Rejects when a call takes too long. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took over ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Checks that the next channel that opens removes the files of the dead process. */
async function checkClean(place: Place, dead: VictimRole): Promise<void> {
  const open: () => Promise<MpChannel> = () =>
    dead === 'primary' ? openPrimary(optionsOf(place)) : openSecondary(optionsOf(place));
  const next = await within('the next open', open());
  const ours = next.socketPath?.slice(next.socketPath.lastIndexOf('/') + 1);
  const left = readdirSync(`${place.runtimeDir}/${place.filePrefix}`).filter(
    (name) => name.startsWith('mp_') && name !== ours,
  );
  await next.close();
  if (left.length > 0) throw new Error(`The dead ${dead} left ${left.join(', ')}`);
}

function optionsOf({ runtimeDir, filePrefix }: Place) {
  return { runtimeDir, filePrefix };
}
