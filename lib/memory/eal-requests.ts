import {
  decodeMallocRequest,
  encodeMallocResponse,
  encodeMallocSync,
  hasSynced,
  MALLOC_REQUEST_ACTION,
  MALLOC_RESPONSE_ACTION,
  type MallocRequest,
  MallocResult,
  MallocType,
} from '../../protocol/eal/malloc.js';
import { encodeVdev, VDEV_ACTION, VdevType } from '../../protocol/eal/vdev.js';
import { MpError } from '../../protocol/errors.js';
import { HugepageInfoWatch } from '../../shm/attach/hugepage-info.js';
import type { PrimarySpace, SyncAction } from '../../shm/heap/heap-space.js';
import { serveMallocRequest } from '../../shm/heap/serve-malloc.js';
import { MAX_HEAPS } from '../../shm/layout/releases.js';
import { OrphanedLocks } from '../../shm/locks/orphaned-locks.js';
import type { Changing } from '../../shm/primary/primary-space.js';
import { nowMs } from '../../sys/clock.js';
import { debug } from '../diagnostics.js';
import type { Peer } from '../messages/message.js';
import type { MemoryHost } from './memory-host.js';

/** How long the EAL gives secondaries to follow a change of memory (MP_TIMEOUT_S, malloc_mp.c), in milliseconds. */
const SYNC_TIMEOUT_MS = 5_000;

/** Names of what {@link EalRequests} answers. */
export const EAL_ACTIONS: readonly string[] = [MALLOC_REQUEST_ACTION, VDEV_ACTION];

/** The memory that is asked for. */
export interface EalMemory {
  readonly space: PrimarySpace;
  readonly changing: Changing;
  /** The runtime directory of the prefix. */
  readonly directory: string;
}

/** Answers what the EAL of secondaries asks a primary for: memory, and which virtual devices there are. */
export class EalRequests {
  readonly #host: MemoryHost;
  readonly #space: PrimarySpace;
  readonly #changing: Changing;
  readonly #watch: RequesterWatch;
  readonly #hugepageInfo: HugepageInfoWatch;
  readonly #waiting: { readonly param: Uint8Array; readonly peer: Peer }[] = [];
  #isServing = false;

  constructor(host: MemoryHost, { space, changing, directory }: EalMemory) {
    this.#host = host;
    this.#space = space;
    this.#changing = changing;
    this.#hugepageInfo = new HugepageInfoWatch(`${directory}/hugepage_info`);
    this.#watch = new RequesterWatch({
      space,
      isAlive: (path) => host.isListening(path),
      isBusy: () => this.#isServing || this.#waiting.length > 0 || changing.isHeld,
      onWarning: (warning) => host.warn(warning),
    });
    host.actions.registerBuiltIn(VDEV_ACTION, () => {
      this.#checkBuild();
      return { param: encodeVdev({ type: VdevType.SCAN_REP }) };
    });
    host.actions.registerBuiltIn(MALLOC_REQUEST_ACTION, ({ param }, peer) => {
      this.#waiting.push({ param, peer });
      this.#serve();
      this.#checkBuild(); // afterwards: a listener may close the channel
    });
  }

  /** For a thread that waits for a lock: its holder may be waiting for our answer, or be dead. */
  wait(ms: number): void {
    this.#host.wait(ms);
    this.#watch.look();
  }

  close(): void {
    this.#watch.close();
  }

  #checkBuild(): void {
    const problem = this.#hugepageInfo.look();
    if (problem !== undefined) this.#host.warn(problem);
  }

  /** One after the other: while secondaries are asked to follow, the next request may come in. */
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const { param, peer } = next;
        this.#host.actions.answeringBuiltInsOnly(() => this.#answer(param, peer));
      }
    } finally {
      this.#isServing = false;
    }
  }

  #answer(param: Uint8Array, { path }: Peer): void {
    try {
      const request = decodeMallocRequest(param);
      this.#host.sendTo({ name: MALLOC_RESPONSE_ACTION, param: this.#responseTo(request, param) }, path);
      this.#watch.add(path, this.#heapOf(request));
    } catch (error) {
      this.#host.reportError(error);
    }
  }

  /** Whoever asks gets an answer whatever goes wrong here: it holds its locks until then. */
  #responseTo(request: MallocRequest, param: Uint8Array): Uint8Array {
    const isOurs = () => this.#changing.isHotplugHeld;
    try {
      // whoever asks holds memory_hotplug_lock until it gives up: if we hold it, it has
      if (!isOurs()) return serveMallocRequest(this.#space, param, isOurs);
    } catch (error) {
      queueMicrotask(() => this.#host.reportError(error)); // a listener may throw: the answer goes first
    }
    return encodeMallocResponse(request, MallocResult.FAIL);
  }

  /** The heap whose lock the requester holds: there is one for each list of ours. */
  #heapOf(request: MallocRequest): number {
    if (request.type === MallocType.ALLOC) return request.heapIndex;
    const addr = Number(request.addr);
    return this.#space.lists.findIndex(({ base, length }) => base <= addr && addr < base + length);
  }
}

/** Has every secondary follow a change of memory; false if one failed, or didn't answer. */
export function syncSecondaries(
  host: Pick<MemoryHost, 'requestSync'>,
  action: SyncAction,
  id: bigint,
): boolean {
  try {
    const message = { name: action, param: encodeMallocSync({ id }, MallocResult.SUCCESS) };
    const { nbSent, nbReceived, msgs } = host.requestSync(message, SYNC_TIMEOUT_MS);
    return nbReceived === nbSent && msgs.every(({ param }) => hasSynced(param, id));
  } catch (error) {
    if (!(error instanceof MpError)) throw error;
    debug('%s: %s', action, error.message);
    return false;
  }
}

/** How often the locks of a requester are looked at. */
const LOOK_MS = 20;

export interface RequesterWatchOptions {
  readonly space: PrimarySpace;
  /** Whether a process has its socket at this path. */
  readonly isAlive: (path: string) => boolean;
  /** Somebody waits for our answer, or this process itself changes memory. */
  readonly isBusy: () => boolean;
  readonly onWarning: (warning: MpError) => void;
}

interface Watched {
  readonly path: string;
  readonly locks: OrphanedLocks;
  isDead: boolean;
}

/** Keeps an eye on the secondaries that were answered, until they have let go of their locks: some die before that. */
export class RequesterWatch {
  readonly #options: RequesterWatchOptions;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RequesterWatchOptions) {
    this.#options = options;
  }

  /** @param heap index of the heap that it asked for */
  add(path: string, heap: number): void {
    const { layout, config } = this.#options.space;
    if (!(heap >= 0 && heap < MAX_HEAPS)) return; // it was refused at once
    this.#watched.add({ path, locks: new OrphanedLocks({ layout, config, heap }), isDead: false });
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Also for a thread that is blocked by such a lock itself, and whose timers don't run. */
  look(): void {
    for (const one of this.#watched) if (!this.#isWorthWatching(one)) this.#watched.delete(one);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  #isWorthWatching(one: Watched): boolean {
    const { isAlive, isBusy, onWarning } = this.#options;
    if (!one.isDead && one.locks.isOver) return false;
    one.isDead ||= !isAlive(one.path);
    if (!one.isDead) return true;
    const released = one.locks.look(nowMs(), isBusy());
    if (released === undefined) return false;
    for (const name of released) onWarning(orphaned(one.path, name));
    return true;
  }
}

function orphaned(path: string, name: string): MpError {
  return new MpError(
    'EOWNERDEAD',
    `The secondary of ${path} died while it waited for memory, holding ${name}: it was released, and the others go on`,
    { path },
  );
}
