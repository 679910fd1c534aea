import { setTimeout as delay } from 'node:timers/promises';
import { MpError } from '../protocol/errors.js';
import { attachWith } from '../shm/attach.js';
import { Memzones } from '../shm/heap/index.js';
import { CreatedMemory } from '../shm/primary/created-memory.js';
import type { MemoryPlan } from '../shm/primary/options.js';
import { primarySpace } from '../shm/primary/primary-space.js';
import type { SharedMemory, ZoneAllocator } from '../shm/shared-memory.js';
import type { EalChannel } from './eal-requests.js';
import { EalRequests, syncSecondaries } from './eal-requests.js';
import { cyclesPerSecond, sampleCycles } from './sys/cycles.js';

/** The cycle counter is compared with the clock for this long. */
const CALIBRATION_MS = 20;

/** Where a primary's memory is to be. */
export interface MemoryPlace {
  readonly filePrefix: string;
  readonly runtimeDir: string | undefined;
  /** `<runtimeDir>/<filePrefix>` */
  readonly directory: string;
}

/** The shared memory of a primary in Node: created with its channel, gone with it. */
export class PrimaryMemory {
  readonly #created: CreatedMemory;
  readonly #place: MemoryPlace;
  #shared: SharedMemory | undefined;
  readonly #onExit = () => this.#created.close();

  private constructor(created: CreatedMemory, place: MemoryPlace) {
    this.#created = created;
    this.#place = place;
    process.on('exit', this.#onExit);
  }

  /** Makes it; secondaries don't see it before `publish`. Throws as `openPrimary` does, leaving nothing behind. */
  static async create(plan: MemoryPlan, place: MemoryPlace): Promise<PrimaryMemory> {
    const tscHz = plan.tscHz ?? (await measureTscHz());
    return new PrimaryMemory(CreatedMemory.create(place.directory, plan, tscHz), place);
  }

  /** Starts to answer, and lets secondaries in. `wait` blocks for up to so many milliseconds, answering. */
  publish(channel: EalChannel & { wait(ms: number): void }): void {
    const { plan, parts } = this.#created;
    const space = primarySpace(parts, `${this.#place.directory}/config`, {
      lockTimeoutMs: plan.lockTimeoutMs,
      whileWaiting: (ms) => channel.wait(ms),
      sync: (action, id) => syncSecondaries(channel, action, id),
    });
    new EalRequests(channel, space);
    this.#created.publish();
    const { filePrefix, runtimeDir } = this.#place;
    const { lockTimeoutMs } = plan;
    const whileWaiting = (ms: number) => channel.wait(ms);
    this.#shared = attachWith(
      { filePrefix, runtimeDir, writable: true, lockTimeoutMs, whileWaiting },
      answeringMeanwhile(new Memzones(space), channel),
    );
  }

  get(): SharedMemory {
    if (this.#shared !== undefined) return this.#shared;
    throw new MpError('EBADF', 'The memory is gone: the channel is closed');
  }

  /** Closing twice is harmless. */
  close(): void {
    process.off('exit', this.#onExit);
    this.#shared?.detach();
    this.#created.close();
  }
}

/** What waits for a lock lets nobody of the user's handlers run: they would find the tables locked by this very thread. */
function answeringMeanwhile(zones: ZoneAllocator, { actions }: EalChannel): ZoneAllocator {
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
