import { FBARRAY, type MemConfigLayout } from '../layout/releases.js';
import { RwLock, wordsOf } from './rwlock.js';
import { Spinlock } from './shared-locks.js';

/** A lock that a process took and may have died with. */
interface Suspect {
  readonly name: string;
  readonly lock: RwLock | Spinlock;
  /** Data that only the holder of the lock changes: if it changes, the holder is alive. */
  guarded(): string;
}

/** The locks of a requester, by its heap. */
export interface OrphanOptions {
  readonly layout: MemConfigLayout;
  readonly config: DataView;
  /** Index of the requester's heap, whose lock it held, too. */
  readonly heap: number;
}

/** No living process holds a lock for this long without a change, while no secondary asks the primary for memory. */
const GRACE_MS = 1_000;

/**
 * The locks of a secondary that asked for memory and died before it got the answer: it held `memory_hotplug_lock` and its
 * heap's lock, and `mlock` if it reserved a memzone. Locks have no owner, so these block every other process for good.
 * They can be released, because a waiting process is not in the middle of a change; but only those that no other process
 * can have taken since. They are released one after the other, because processes that wait for the first hold the second.
 */
export class OrphanedLocks {
  readonly #suspects: Suspect[];
  #since: number | undefined;
  #guarded: string | undefined;

  constructor({ layout, config, heap }: OrphanOptions) {
    const { offsets, rwlock, mallocHeapSize } = layout;
    const words = wordsOf(config);
    const rwlockAt = (offset: number) => new RwLock(words, offset, rwlock);
    const at = offsets.mallocHeaps + heap * mallocHeapSize;
    const record = Buffer.from(config.buffer, config.byteOffset + at, mallocHeapSize);
    const zones = () => config.getUint32(offsets.memzones + FBARRAY.offsets.count, true);
    this.#suspects = [
      // a process that changes memory under this lock asks the primary, so nothing else need be watched
      { name: 'memory_hotplug_lock', lock: rwlockAt(offsets.memoryHotplugLock), guarded: () => '' },
      {
        name: `malloc_heaps[${heap}].lock`,
        lock: new Spinlock(words, at),
        guarded: () => record.toString('latin1'),
      },
      { name: 'mlock', lock: rwlockAt(offsets.mlock), guarded: () => `${zones()}` },
    ];
  }

  /** Whether the requester has released its locks, so that there is nothing to watch. */
  get isOver(): boolean {
    return this.#suspects[0]?.lock.isWriteHeld !== true;
  }

  /**
   * Looks at the locks of a requester that is dead. Returns the names of the locks that it released; `undefined` once no
   * lock is left.
   *
   * @param isBusy whether a secondary asks for memory now, or this process changes it: then a living process may hold the locks
   */
  look(now: number, isBusy: boolean): readonly string[] | undefined {
    const [next] = this.#suspects;
    if (next === undefined) return undefined;
    if (isBusy) {
      this.#since = undefined;
      return [];
    }
    if (!next.lock.isWriteHeld) {
      this.#suspects.shift();
      this.#since = undefined;
      return [];
    }
    const guarded = next.guarded();
    if (guarded !== this.#guarded) this.#since = undefined;
    this.#guarded = guarded;
    this.#since ??= now;
    if (now - this.#since < GRACE_MS) return [];
    this.#suspects.shift();
    this.#since = undefined;
    next.lock.releaseWrite();
    return [next.name];
  }
}
