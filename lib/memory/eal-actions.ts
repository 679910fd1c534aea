import { encodeVdev, VDEV_ACTION, VdevType } from '../../protocol/eal/device.js';
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
import { MpError } from '../../protocol/errors.js';
import { HugepageInfoWatch } from '../../shm/attach/hugepage-info.js';
import type { PrimarySpace, SyncAction } from '../../shm/heap/heap-space.js';
import { serveMallocRequest } from '../../shm/heap/serve-malloc.js';
import { MAX_HEAPS } from '../../shm/layout/releases.js';
import { OrphanedLocks } from '../../shm/locks/orphaned-locks.js';
import type { HeldLocks } from '../../shm/locks/shared-locks.js';
import { nowMs } from '../../sys/clock.js';
import { debug } from '../diagnostics.js';
import type { Peer } from '../messages/message.js';
import type { MemoryHost } from './memory-host.js';

/** How long secondaries get to follow a change of memory, in milliseconds: MP_TIMEOUT_S of malloc_mp.c. */
const SYNC_TIMEOUT_MS = 5_000;

/** Names of the actions that {@link EalActions} registers. */
export const EAL_ACTIONS: readonly string[] = [MALLOC_REQUEST_ACTION, VDEV_ACTION];

/**
 * Built-in actions of a primary with memory: answers the requests of its secondaries' EAL, for memory and for the names of
 * virtual devices. A Node primary has no virtual devices.
 */
export class EalActions {
  readonly #host: MemoryHost;
  readonly #space: PrimarySpace;
  readonly #heldLocks: HeldLocks;
  readonly #requesters: RequesterWatch;
  readonly #hugepageInfo: HugepageInfoWatch;
  readonly #queue: { readonly param: Uint8Array; readonly peer: Peer }[] = [];
  #isServing = false;

  /** @param directory the runtime directory of the prefix */
  constructor(host: MemoryHost, space: PrimarySpace, heldLocks: HeldLocks, directory: string) {
    this.#host = host;
    this.#space = space;
    this.#heldLocks = heldLocks;
    this.#hugepageInfo = new HugepageInfoWatch(`${directory}/hugepage_info`);
    const isBusy = () => this.#isServing || this.#queue.length > 0 || heldLocks.isHeld;
    this.#requesters = new RequesterWatch(host, space, isBusy);
    host.actions.registerBuiltIn(VDEV_ACTION, () => {
      this.#warnOfOtherBuild();
      return { param: encodeVdev({ type: VdevType.SCAN_REP }) };
    });
    host.actions.registerBuiltIn(MALLOC_REQUEST_ACTION, ({ param }, peer) => {
      this.#queue.push({ param, peer });
      this.#serveQueue();
      this.#warnOfOtherBuild(); // last, because a listener may close the channel
    });
  }

  /**
   * Blocks for up to `ms` while this thread waits for a lock. The holder of the lock may be waiting for an answer, or be
   * dead, so requests are answered and the locks of dead requesters released meanwhile.
   */
  wait(ms: number): void {
    this.#host.wait(ms);
    this.#requesters.look();
  }

  close(): void {
    this.#requesters.close();
  }

  /** Warns if a secondary was built with another RTE_MAX_NUMA_NODES than this memory. */
  #warnOfOtherBuild(): void {
    const problem = this.#hugepageInfo.look();
    if (problem !== undefined) this.#host.warn(problem);
  }

  /** Answers one request after the other. The next one may arrive while the secondaries follow a change. */
  #serveQueue(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const { param, peer } = next;
        this.#host.actions.deferUserActions(() => this.#answer(param, peer));
      }
    } finally {
      this.#isServing = false;
    }
  }

  #answer(param: Uint8Array, { path }: Peer): void {
    try {
      const request = decodeMallocRequest(param);
      this.#host.sendTo({ name: MALLOC_RESPONSE_ACTION, param: this.#responseTo(request, param) }, path);
      this.#requesters.add(path, this.#heapOf(request));
    } catch (error) {
      this.#host.reportError(error);
    }
  }

  /** Makes the response, FAIL after any error: the requester holds its locks until it gets one. */
  #responseTo(request: MallocRequest, param: Uint8Array): Uint8Array {
    // a requester holds memory_hotplug_lock until it gives up: if this process holds it, the requester has given up
    const hasGivenUp = () => this.#heldLocks.isHotplugHeld;
    try {
      if (!hasGivenUp()) return serveMallocRequest(this.#space, param, hasGivenUp);
    } catch (error) {
      queueMicrotask(() => this.#host.reportError(error)); // later, because a listener may throw before the response is sent
    }
    return encodeMallocResponse(request, MallocResult.FAIL);
  }

  /** Returns the index of the heap whose lock the requester holds. Each memseg list of this primary has one heap. */
  #heapOf(request: MallocRequest): number {
    if (request.type === MallocType.ALLOC) return request.heapIndex;
    const addr = Number(request.addr);
    return this.#space.lists.findIndex(({ base, length }) => base <= addr && addr < base + length);
  }
}

/** Has every secondary follow a change of memory. Returns false if one failed, or didn't answer. */
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

/** How often the locks of requesters are looked at, in milliseconds. */
const LOOK_MS = 20;

interface Requester {
  readonly path: string;
  readonly locks: OrphanedLocks;
  isDead: boolean;
}

/**
 * Watches the secondaries that got a response until they have released their locks, and releases the locks of those that
 * die.
 */
class RequesterWatch {
  readonly #host: MemoryHost;
  readonly #space: PrimarySpace;
  readonly #isBusy: () => boolean;
  readonly #requesters = new Set<Requester>();
  #timer: NodeJS.Timeout | undefined;

  /** @param isBusy whether a requester waits for its response, or this process itself changes memory */
  constructor(host: MemoryHost, space: PrimarySpace, isBusy: () => boolean) {
    this.#host = host;
    this.#space = space;
    this.#isBusy = isBusy;
  }

  /** @param heap index of the heap that the request was about */
  add(path: string, heap: number): void {
    const { layout, config } = this.#space;
    if (!(heap >= 0 && heap < MAX_HEAPS)) return; // the request was refused
    this.#requesters.add({ path, locks: new OrphanedLocks({ layout, config, heap }), isDead: false });
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Looks at all requesters. A thread that waits for such a lock calls this itself, because its timers don't run. */
  look(): void {
    for (const one of this.#requesters) if (this.#isDone(one)) this.#requesters.delete(one);
    if (this.#requesters.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#requesters.clear();
  }

  /** Releases the locks of a dead requester. Returns true once there is nothing more to watch. */
  #isDone(one: Requester): boolean {
    if (!one.isDead && one.locks.isOver) return true;
    one.isDead ||= !this.#host.isListening(one.path);
    if (!one.isDead) return false;
    const released = one.locks.look(nowMs(), this.#isBusy());
    if (released === undefined) return true;
    for (const name of released) this.#host.warn(orphanedLockWarning(one.path, name));
    return false;
  }
}

function orphanedLockWarning(path: string, name: string): MpError {
  return new MpError(
    'EOWNERDEAD',
    `The secondary of ${path} died while it waited for memory and held ${name}: the lock was released, nothing is left to do`,
    { path },
  );
}
