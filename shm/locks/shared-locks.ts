import type { MemConfigLayout } from '../layout/releases.js';
import { LOCK_TIMEOUT_MS, type WriteLock, withWriteLock } from './lock-wait.js';
import { RwLock, wordsOf } from './rwlock.js';

const FREE = 0;
const TAKEN = 1;
/** Some microseconds: C holds a heap's lock for that long, unless the heap grows. */
const POLLS = 200;

/** `rte_spinlock_t` (rte_spinlock.h): a word that is 1 while a process holds the lock. */
export class Spinlock implements WriteLock {
  readonly #words: Int32Array;
  readonly #index: number;

  /** @param offset byte offset of the lock in the memory of `words` */
  constructor(words: Int32Array, offset: number) {
    this.#words = words;
    this.#index = offset / Int32Array.BYTES_PER_ELEMENT;
  }

  get isWriteHeld(): boolean {
    return Atomics.load(this.#words, this.#index) !== FREE;
  }

  /** One attempt. The caller holds signals, and releases the lock whatever happens. */
  tryWrite(): boolean {
    for (let poll = 0; poll < POLLS; poll++) {
      if (Atomics.load(this.#words, this.#index) !== FREE) continue;
      if (Atomics.compareExchange(this.#words, this.#index, FREE, TAKEN) === FREE) return true;
    }
    return false;
  }

  releaseWrite(): void {
    Atomics.store(this.#words, this.#index, FREE);
  }
}

const HOTPLUG = 0;
const MLOCK = 1;

/** Which locks of `config` this process holds itself, for all of its threads to see. */
export class HeldLocks {
  readonly flags: Int32Array;

  /** @param flags those of another thread; new ones by default */
  constructor(flags: Int32Array = new Int32Array(new SharedArrayBuffer(8))) {
    this.flags = flags;
  }

  get isHotplugHeld(): boolean {
    return Atomics.load(this.flags, HOTPLUG) === 1;
  }

  get isHeld(): boolean {
    return this.isHotplugHeld || Atomics.load(this.flags, MLOCK) === 1;
  }

  /** Runs `section` with a flag set. */
  during<T>(flag: number, section: () => T): T {
    Atomics.store(this.flags, flag, 1);
    try {
      return section();
    } finally {
      Atomics.store(this.flags, flag, 0);
    }
  }
}

export interface SharedLocksOptions {
  readonly layout: MemConfigLayout;
  /** The whole `config`, mapped for writing; it begins at a multiple of 4 of its buffer. */
  readonly config: DataView;
  /** Path of `config`, for messages. */
  readonly path: string;
  /** {@link LOCK_TIMEOUT_MS} by default. */
  readonly lockTimeoutMs?: number;
  /** Blocks for up to `ms` while a lock is taken. It may throw to end the wait. */
  readonly whileWaiting?: (ms: number) => void;
  /** Where to note which locks are held. */
  readonly held?: HeldLocks | undefined;
}

/**
 * The locks in `config`, taken for writing. Each method takes a lock, runs the section and releases the lock; see
 * {@link withWriteLock}. The order is mlock, heap, hotplug. Throws `ETIMEDOUT`.
 */
export class SharedLocks {
  readonly #options: SharedLocksOptions;
  readonly #words: Int32Array;
  readonly #held: HeldLocks;

  constructor(options: SharedLocksOptions) {
    this.#options = options;
    this.#words = wordsOf(options.config);
    this.#held = options.held ?? new HeldLocks();
  }

  /** Takes the lock of the memzone table. */
  mlock<T>(section: () => T): T {
    const { offsets, rwlock } = this.#options.layout;
    const lock = new RwLock(this.#words, offsets.mlock, rwlock);
    return this.#with('mlock', lock, () => this.#held.during(MLOCK, section));
  }

  /** Takes the lock of one malloc heap. */
  heap<T>(index: number, section: () => T): T {
    const { offsets, mallocHeapSize } = this.#options.layout;
    const lock = new Spinlock(this.#words, offsets.mallocHeaps + index * mallocHeapSize);
    return this.#with(`malloc_heaps[${index}].lock`, lock, section);
  }

  /** Takes `memory_hotplug_lock`, the lock of the memseg lists. */
  hotplug<T>(section: () => T): T {
    const { offsets, rwlock } = this.#options.layout;
    const lock = new RwLock(this.#words, offsets.memoryHotplugLock, rwlock);
    return this.#with('memory_hotplug_lock', lock, () => this.#held.during(HOTPLUG, section));
  }

  #with<T>(name: string, lock: WriteLock, section: () => T): T {
    const { path, lockTimeoutMs: timeoutMs = LOCK_TIMEOUT_MS, whileWaiting } = this.#options;
    return withWriteLock(lock, { name, path, timeoutMs, whileWaiting }, section);
  }
}
