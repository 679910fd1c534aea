// Killed processes with C on one side: Node secondaries beside a C primary that must go on, and C primaries beside Node ones.
import { MpError, openSecondary } from '../../../lib/index.js';
import { attachMemory } from '../../../shm/index.js';
import { liveLock } from '../../shm/support/live-memory.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { PeerScope } from '../../support/dpdk/peers-for.js';
import { callsOf, checkEcho, type Place, startVictim, untilGone, within } from './victims.js';

/** A writer holds the lock: rte_rwlock.h since 22.11. */
const WRITER = 2;
const LOCK_TIMEOUT_MS = 300;
const EXPECTED_OF_MEMORY = ['ENOPRIMARY', 'ETIMEDOUT', 'ESTALE', 'EAGAIN', 'ELAYOUT', 'ENOENT', 'ERESTARTED'];

/** A C primary that outlives any number of Node secondaries. */
export class CSurvivor implements AsyncDisposable {
  readonly #scope = new PeerScope();
  readonly #place: Place;
  readonly #primary: CPeer;
  #zones = 0;

  private constructor(root: string, scope: PeerScope, primary: CPeer) {
    this.#scope = scope;
    this.#primary = primary;
    const { runtimeDir, filePrefix } = scope;
    this.#place = { root, runtimeDir: runtimeDir.slice(0, runtimeDir.lastIndexOf('/')), filePrefix };
  }

  static async start(root: string): Promise<CSurvivor> {
    const scope = new PeerScope();
    scope.begin('kill-node');
    const primary = await scope.start({ role: 'primary', bigZone: false, quiet: true });
    return new CSurvivor(root, scope, primary);
  }

  /** How many calls a secondary makes beside it. */
  async calls(): Promise<number> {
    return callsOf(await this.kill(Number.MAX_SAFE_INTEGER));
  }

  /** Kills a Node secondary at call `step`; then C must answer, broadcast and change its memory as before. */
  async kill(step: number) {
    const victim = startVictim(this.#place, 'secondary', step, 'memory');
    await untilGone(victim, async () => {});
    const param = `after call ${step}`;
    const secondary = await within('opening', openSecondary(this.#options));
    const reply = await within('asking C', secondary.request({ name: 'echo', param }));
    checkEcho(reply.msgs, param, 1);
    await secondary.close();
    const { fields } = await within('a broadcast of C', this.#primary.command('req ask x 1000'));
    if (fields.ret !== '0') throw new Error(`C's broadcast: ${JSON.stringify(fields)}`);
    const zone = `ZONE${this.#zones++}`;
    await within('reserving', this.#primary.command(`reserve ${zone} 64`));
    await within('freeing', this.#primary.command(`free ${zone}`));
    return victim;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.end();
  }

  get #options() {
    const { runtimeDir, filePrefix } = this.#place;
    return { runtimeDir, filePrefix };
  }
}

/** Kills a C primary `afterMs` after its start began, while a secondary asks it. */
export async function killStarting(afterMs: number): Promise<void> {
  await withScope('kill-start', async (scope) => {
    const secondary = await openedAtOnce(scope);
    const primary = await scope.start({ role: 'primary', hugepages: false, memoryMb: 64, untilReady: false });
    const timer = setTimeout(() => primary.kill('SIGKILL'), afterMs);
    let sent = 0;
    await untilGone(primary, async () => {
      const param = `number ${sent++}`;
      checkEcho((await secondary.request({ name: 'echo', param }, { timeoutMs: 100 })).msgs, param);
    });
    clearTimeout(timer);
    await askSuccessor(scope, secondary);
  });
}

/** Kills a C primary while a request waits for it and its memory is read. */
export async function killAsked(afterMs: number): Promise<void> {
  await withScope('kill-asked', async (scope) => {
    const primary = await scope.start({ role: 'primary', bigZone: false, slowMs: 100 });
    const secondary = await openedAtOnce(scope);
    setTimeout(() => primary.kill('SIGKILL'), afterMs);
    const { filePrefix } = scope;
    await untilGone(primary, async () => {
      expectMemoryError(() => {
        using memory = attachMemory({ filePrefix, lockTimeoutMs: LOCK_TIMEOUT_MS });
        for (const zone of memory.memzones()) memory.snapshot(zone, { length: 1 });
      });
      const reply = await secondary.request({ name: 'slow', param: 'x' }, { timeoutMs: 300 });
      checkEcho(reply.msgs, 'x');
    });
    await askSuccessor(scope, secondary);
  });
}

/** Kills a C primary as the writer of the memzone table: the lock's word stays taken. */
export async function killWriter(): Promise<void> {
  await withScope('kill-writer', async (scope) => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const { filePrefix } = scope;
    const memory = attachMemory({ filePrefix, lockTimeoutMs: LOCK_TIMEOUT_MS });
    liveLock(scope, scope.runtimeDir, 'mlock').set(WRITER);
    expectMemoryError(() => memory.memzones());
    primary.kill('SIGKILL');
    await primary.exited;
    const before = performance.now();
    expectMemoryError(() => memory.memzones());
    expectMemoryError(() => attachMemory({ filePrefix, lockTimeoutMs: LOCK_TIMEOUT_MS }).detach());
    if (performance.now() - before > 2 * LOCK_TIMEOUT_MS + 500)
      throw new Error('The dead writer was waited for.');
    memory.detach();
    const successor = await scope.start({ role: 'primary', bigZone: false });
    using fresh = attachMemory({ filePrefix });
    if (fresh.lookup('SHARED_INFO') === undefined) throw new Error(`No zone.\n${successor.describe()}`);
  });
}

async function withScope(label: string, act: (scope: PeerScope) => Promise<void>): Promise<void> {
  const scope = new PeerScope();
  scope.begin(label);
  try {
    await act(scope);
  } finally {
    await scope.end();
  }
}

async function openedAtOnce(scope: PeerScope) {
  const channel = await openSecondary({ filePrefix: scope.filePrefix });
  scope.defer(() => channel.close());
  return channel;
}

/** A channel that was open all the time must reach the next primary. */
async function askSuccessor(
  scope: PeerScope,
  secondary: Awaited<ReturnType<typeof openSecondary>>,
): Promise<void> {
  await scope.start({ role: 'primary', hugepages: false, memoryMb: 64 });
  const reply = await within('asking the successor', secondary.request({ name: 'echo', param: 'anew' }));
  checkEcho(reply.msgs, 'anew', 1);
}

function expectMemoryError(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof MpError) || !EXPECTED_OF_MEMORY.includes(error.code)) throw error;
  }
}
