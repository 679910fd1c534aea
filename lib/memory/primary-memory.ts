import { setTimeout as delay } from 'node:timers/promises';
import { dialectOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { attachWith } from '../../shm/attach/attach.js';
import type { SharedMemory, ZoneAllocator } from '../../shm/attach/shared-memory.js';
import { Memzones } from '../../shm/heap/memzones.js';
import { sleep } from '../../shm/locks/lock-wait.js';
import { CreatedMemory } from '../../shm/primary/created-memory.js';
import type { MemoryPlan } from '../../shm/primary/options.js';
import { Changing, primarySpace } from '../../shm/primary/primary-space.js';
import { cyclesPerSecond, sampleCycles } from '../../sys/clock.js';
import type { SocketEndpoint } from '../transport/socket-endpoint.js';
import type { Endpoint } from '../transport/transport.js';
import { EalRequests, syncSecondaries } from './eal-requests.js';
import type { MemoryHost, MemorySource } from './memory-host.js';
import { MemoryThread, type ThreadReport } from './memory-thread.js';

/** The cycle counter is compared with the clock for this long. */
const CALIBRATION_MS = 20;

/** How many messages the thread keeps for a busy main thread before it stops reading; EAL's own wait as well then. */
const MAX_HELD = 1024;

/** Where a primary's memory is to be. */
export interface MemoryPlace {
  readonly filePrefix: string;
  readonly runtimeDir: string | undefined;
  /** `<runtimeDir>/<filePrefix>` */
  readonly directory: string;
}

/** The shared memory of a primary in Node: created with its channel, gone with it. */
export class PrimaryMemory implements MemorySource {
  readonly #created: CreatedMemory;
  readonly #place: MemoryPlace;
  readonly #thread: MemoryThread | undefined;
  readonly #changing: Changing;
  #requests: EalRequests | undefined;
  #shared: SharedMemory | undefined;
  readonly #onExit = () => this.#created.leave();

  private constructor(
    created: CreatedMemory,
    place: MemoryPlace,
    changing: Changing,
    thread: MemoryThread | undefined,
  ) {
    this.#created = created;
    this.#changing = changing;
    this.#place = place;
    this.#thread = thread;
    process.on('exit', this.#onExit);
  }

  /**
   * Makes it; secondaries don't see it before `publish`. With a thread, that thread reads `socket` from now on. Throws
   * as `openPrimary` does, leaving nothing behind.
   */
  static async create(plan: MemoryPlan, place: MemoryPlace, socket: SocketEndpoint): Promise<PrimaryMemory> {
    const tscHz = plan.tscHz ?? (await measureTscHz());
    const created = CreatedMemory.create(place.directory, plan, tscHz);
    try {
      const changing = new Changing();
      const thread = plan.worker ? await startThread(created, place, changing, socket) : undefined;
      return new PrimaryMemory(created, place, changing, thread);
    } catch (error) {
      created.discard();
      throw error;
    }
  }

  /** What the channel receives at, where it isn't its own socket. */
  get endpoint(): Endpoint | undefined {
    return this.#thread?.endpoint;
  }

  /** Starts to answer, and lets secondaries in. */
  publish(host: MemoryHost): void {
    const { plan, parts } = this.#created;
    const { directory, filePrefix, runtimeDir } = this.#place;
    const { lockTimeoutMs } = plan;
    // where a thread answers, nobody waits for this one
    const whileWaiting = (ms: number) => (this.#requests === undefined ? sleep(ms) : this.#requests.wait(ms));
    const space = primarySpace(parts, `${directory}/config`, {
      lockTimeoutMs,
      whileWaiting,
      sync: (action, id) => syncSecondaries(host, action, id),
      changing: this.#changing,
    });
    if (this.#thread === undefined)
      this.#requests = new EalRequests(host, { space, changing: this.#changing, directory });
    else this.#thread.onMessage = (message) => report(message, host);
    this.#created.publish();
    this.#shared = attachWith(
      { filePrefix, runtimeDir, writable: true, lockTimeoutMs, whileWaiting },
      answeringMeanwhile(new Memzones(space), host),
    );
  }

  get(): SharedMemory {
    if (this.#shared !== undefined) return this.#shared;
    throw new MpError('EBADF', 'The memory is gone: the channel is closed');
  }

  /** A promise where there is a thread to wait for. Closing twice is harmless. */
  close(): Promise<void> | undefined {
    return this.#end(() => this.#created.close());
  }

  /** For a start that failed: nothing is left behind. */
  discard(): Promise<void> | undefined {
    return this.#end(() => this.#created.discard());
  }

  #end(remove: () => void): Promise<void> | undefined {
    this.#requests?.close();
    this.#shared?.detach();
    const finish = () => {
      remove();
      process.off('exit', this.#onExit); // not before: the process may end while the thread is at work
    };
    if (this.#thread !== undefined) return this.#thread.stop().then(finish);
    finish();
    return undefined;
  }
}

/** What the thread has to say is said by the channel. */
function report({ kind, error }: ThreadReport, host: MemoryHost): void {
  if (kind === 'warning' && error instanceof MpError) host.warn(error);
  else host.reportError(error);
}

function startThread(
  created: CreatedMemory,
  { directory }: MemoryPlace,
  changing: Changing,
  socket: SocketEndpoint,
): Promise<MemoryThread> {
  const { versionWord, lockTimeoutMs } = created.plan;
  return MemoryThread.start(socket, {
    directory,
    dialect: dialectOf(versionWord).id,
    space: created.describe(),
    lockTimeoutMs,
    changing: changing.flags,
    maxHeld: MAX_HELD,
  });
}

/** What waits for a lock lets nobody of the user's handlers run: they would find the tables locked by this very thread. */
function answeringMeanwhile(zones: ZoneAllocator, { actions }: MemoryHost): ZoneAllocator {
  return {
    reserve: (...args) => actions.answeringBuiltInsOnly(() => zones.reserve(...args)),
    free: (...args) => actions.answeringBuiltInsOnly(() => zones.free(...args)),
  };
}

async function measureTscHz(): Promise<number> {
  const first = sampleCycles();
  if (first === undefined) throw noCounter();
  await delay(CALIBRATION_MS);
  const second = sampleCycles();
  if (second === undefined) throw noCounter();
  return cyclesPerSecond(first, second);
}

function noCounter(): MpError {
  return new MpError(
    'ENOTSUP',
    "This build of Node can't read the cycle counter: give its frequency with memory.tscHz (a C primary's log, or dmesg: 'tsc: Detected … MHz')",
  );
}
