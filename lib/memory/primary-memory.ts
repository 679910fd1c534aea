import { setTimeout as delay } from 'node:timers/promises';
import { dialectOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { attachWith } from '../../shm/attach/attach.js';
import type { SharedMemory, ZoneAllocator } from '../../shm/attach/shared-memory.js';
import { Memzones } from '../../shm/heap/memzones.js';
import { HeldLocks } from '../../shm/locks/shared-locks.js';
import { CreatedMemory } from '../../shm/primary/created-memory.js';
import type { MemoryPlan } from '../../shm/primary/options.js';
import { primarySpace } from '../../shm/primary/primary-space.js';
import { cyclesPerSecond, sampleCycles } from '../../sys/clock.js';
import { sleep } from '../../sys/poll.js';
import type { ResolvedOptions } from '../options.js';
import type { SocketEndpoint } from '../transport/socket-endpoint.js';
import type { Endpoint } from '../transport/transport.js';
import { EalActions, syncSecondaries } from './eal-actions.js';
import type { MemoryHost, MemorySource } from './memory-host.js';
import { MemoryThread } from './memory-thread.js';

/** For how long the cycle counter is compared with the clock, in milliseconds. */
const CALIBRATION_MS = 20;

/** The shared memory of a primary in Node. It is created with its channel, and removed with it. */
export class PrimaryMemory implements MemorySource {
  readonly #created: CreatedMemory;
  readonly #options: ResolvedOptions;
  readonly #directory: string;
  readonly #thread: MemoryThread | undefined;
  readonly #heldLocks: HeldLocks;
  #ealActions: EalActions | undefined;
  #shared: SharedMemory | undefined;
  readonly #onExit = () => this.#created.leave();

  private constructor(
    created: CreatedMemory,
    options: ResolvedOptions,
    directory: string,
    heldLocks: HeldLocks,
    thread: MemoryThread | undefined,
  ) {
    this.#created = created;
    this.#options = options;
    this.#directory = directory;
    this.#heldLocks = heldLocks;
    this.#thread = thread;
    process.on('exit', this.#onExit);
  }

  /**
   * Makes the memory, which secondaries don't see before {@link publish}. If the plan has a worker, only that thread reads
   * `socket` from now on. Rejects with the errors of `openPrimary`, and leaves nothing behind then.
   *
   * @param directory the runtime directory of the prefix
   */
  static async create(
    plan: MemoryPlan,
    options: ResolvedOptions,
    directory: string,
    socket: SocketEndpoint,
  ): Promise<PrimaryMemory> {
    const tscHz = plan.tscHz ?? (await measureTscHz());
    const created = CreatedMemory.create(directory, plan, tscHz);
    try {
      const heldLocks = new HeldLocks();
      const data = {
        directory,
        dialect: dialectOf(plan.versionWord).id,
        space: created.mapped.describe(),
        lockTimeoutMs: plan.lockTimeoutMs,
        heldLocks: heldLocks.flags,
      };
      const thread = plan.worker ? await MemoryThread.start(socket, data) : undefined;
      return new PrimaryMemory(created, options, directory, heldLocks, thread);
    } catch (error) {
      created.discard();
      throw error;
    }
  }

  /** What the channel receives at in place of its own socket; `undefined` without a thread. */
  get endpoint(): Endpoint | undefined {
    return this.#thread?.endpoint;
  }

  /** Starts to answer secondaries, and lets them attach. */
  publish(host: MemoryHost): void {
    const { plan, mapped } = this.#created;
    const { filePrefix, runtimeDir } = this.#options;
    const directory = this.#directory;
    const { lockTimeoutMs } = plan;
    // if the memory thread answers the secondaries, none of them waits for this thread
    const whileWaiting = (ms: number) =>
      this.#ealActions === undefined ? sleep(ms) : this.#ealActions.wait(ms);
    const space = primarySpace(mapped, `${directory}/config`, {
      lockTimeoutMs,
      whileWaiting,
      sync: (action, id) => syncSecondaries(host, action, id),
      held: this.#heldLocks,
    });
    if (this.#thread === undefined) {
      this.#ealActions = new EalActions(host, space, this.#heldLocks, directory);
    } else {
      this.#thread.onError = (error) => host.reportError(error);
      this.#thread.onWarning = (warning) => host.warn(warning);
    }
    this.#created.publish();
    this.#shared = attachWith(
      { filePrefix, runtimeDir, writable: true, lockTimeoutMs, whileWaiting },
      withUserActionsDeferred(new Memzones(space), host),
    );
  }

  get(): SharedMemory {
    if (this.#shared !== undefined) return this.#shared;
    throw new MpError('EBADF', 'The channel is closed, and its memory is gone: open another channel');
  }

  close(): Promise<void> | undefined {
    return this.#end(() => this.#created.close());
  }

  /** Removes the memory after an open that failed, and leaves nothing behind. */
  discard(): Promise<void> | undefined {
    return this.#end(() => this.#created.discard());
  }

  #end(remove: () => void): Promise<void> | undefined {
    this.#ealActions?.close();
    this.#shared?.detach();
    const finish = () => {
      remove();
      process.off('exit', this.#onExit); // only now, because the process may exit while the thread is at work
    };
    if (this.#thread !== undefined) return this.#thread.stop().then(finish);
    finish();
    return undefined;
  }
}

/** Defers the user's handlers while `reserve` and `free` run: they would find the tables locked by their own thread. */
function withUserActionsDeferred(zones: ZoneAllocator, { actions }: MemoryHost): ZoneAllocator {
  return {
    reserve: (...args) => actions.deferUserActions(() => zones.reserve(...args)),
    free: (...args) => actions.deferUserActions(() => zones.free(...args)),
  };
}

async function measureTscHz(): Promise<number> {
  const first = sampleCycles();
  await delay(CALIBRATION_MS);
  const second = sampleCycles();
  if (first !== undefined && second !== undefined) return cyclesPerSecond(first, second);
  throw new MpError(
    'ENOTSUP',
    "This build of Node can't read the cycle counter: give its frequency as memory.tscHz (see a C primary's log, or 'tsc: Detected … MHz' in dmesg)",
  );
}
