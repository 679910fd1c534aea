import { FBARRAY_COUNT } from '../layout/fbarray.js';
import type { MemConfigLayout } from '../layout/releases.js';
import { RwLock, wordsOf } from './rwlock.js';
import { Spinlock } from './shared-locks.js';

/** A lock that a process took and may have died with. */
interface Suspect {
  readonly name: string;
  isHeld(): boolean;
  release(): void;
  /** Something that nobody changes without it: who does is alive. */
  guarded(): string;
}

/** What the locks of a dead requester are looked at for. */
export interface OrphanOptions {
  readonly layout: MemConfigLayout;
  readonly config: DataView;
  /** The requester's heap: it held that lock, too. */
  readonly heap: number;
}

/** Held at every look for this long, with nobody asking us for memory, and nothing changed: no living process does that. */
const GRACE_MS = 1_000;

/**
 * The locks of a secondary that asked for memory and died before it had the answer: it held `memory_hotplug_lock` and its
 * heap's lock, and `mlock` where it was after a memzone. They have no owner, and block everybody for good. Since it was
 * waiting, it was not in the middle of changing anything, so they can be released; but only what nobody else can have taken
 * since. One after the other, because others that wait for the first hold the second.
 */
export class OrphanedLocks {
  readonly #suspects: Suspect[];
  #since: number | undefined;
  #guarded: string | undefined;

  constructor(options: OrphanOptions) {
    this.#suspects = [hotplugLock(options), heapLock(options), mlock(options)];
  }

  /** Whether the requester has let go of its locks, so that there is nothing to watch. */
  get isOver(): boolean {
    return this.#suspects[0]?.isHeld() !== true;
  }

  /**
   * One look, with the requester known to be dead. Returns the names of the locks that were released by this look;
   * `undefined` once there is nothing more to look for.
   *
   * @param isBusy somebody asks for memory just now, or this process itself changes it: what is held may be rightly so
   */
  look(now: number, isBusy: boolean): readonly string[] | undefined {
    const [next] = this.#suspects;
    if (next === undefined) return undefined;
    if (isBusy) {
      this.#since = undefined;
      return [];
    }
    if (!next.isHeld()) {
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
    next.release();
    return [next.name];
  }
}

/** Whoever takes it for a change of memory asks us. */
function hotplugLock({ layout, config }: OrphanOptions): Suspect {
  const lock = new RwLock(wordsOf(config), layout.offsets.memoryHotplugLock, layout.rwlock);
  return { ...heldBy(lock), name: 'memory_hotplug_lock', guarded: () => '' };
}

function mlock({ layout, config }: OrphanOptions): Suspect {
  const lock = new RwLock(wordsOf(config), layout.offsets.mlock, layout.rwlock);
  const count = () => config.getUint32(layout.offsets.memzones + FBARRAY_COUNT, true);
  return { ...heldBy(lock), name: 'mlock', guarded: () => `${count()}` };
}

function heapLock({ layout, config, heap }: OrphanOptions): Suspect {
  const offset = layout.offsets.mallocHeaps + heap * layout.mallocHeapSize;
  const record = Buffer.from(config.buffer, config.byteOffset + offset, layout.mallocHeapSize);
  return {
    ...heldBy(new Spinlock(wordsOf(config), offset)),
    name: `malloc_heaps[${heap}].lock`,
    guarded: () => record.toString('latin1'),
  };
}

function heldBy(lock: RwLock | Spinlock): Pick<Suspect, 'isHeld' | 'release'> {
  return { isHeld: () => lock.isWriteHeld, release: () => lock.releaseWrite() };
}
