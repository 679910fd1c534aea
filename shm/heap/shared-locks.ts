import type { MemConfigLayout } from '../layout/releases.js';
import { type WriteLock, withWriteLock } from '../locks/lock-wait.js';
import { RwLock, wordsOf } from '../locks/rwlock.js';
import { Spinlock } from '../locks/spinlock.js';
import type { PrimaryLocks } from './heap-space.js';

export interface SharedLocksOptions {
  readonly layout: MemConfigLayout;
  /** The whole `config`, mapped for writing; it begins at a multiple of 4 of its buffer. */
  readonly config: DataView;
  /** Of `config`, for messages. */
  readonly path: string;
  /** 15,000 by default: a C process whose memory grows holds its locks for 10,000 if a secondary is mute. */
  readonly lockTimeoutMs?: number;
  /** Blocks for up to `ms` while a lock is taken. It may throw to end the wait. */
  readonly whileWaiting?: (ms: number) => void;
}

const LOCK_TIMEOUT_MS = 15_000;
/**
 * The locks in `config`, taken for writing; see {@link withWriteLock} for what a section must be.
 */
export class SharedLocks implements PrimaryLocks {
  readonly #options: SharedLocksOptions;
  readonly #words: Int32Array;

  constructor(options: SharedLocksOptions) {
    this.#options = options;
    this.#words = wordsOf(options.config);
  }

  mlock<T>(section: () => T): T {
    return this.#with('mlock', this.#rwlock('mlock'), section);
  }

  heap<T>(index: number, section: () => T): T {
    const { offsets, mallocHeapSize } = this.#options.layout;
    const lock = new Spinlock(this.#words, offsets.mallocHeaps + index * mallocHeapSize);
    return this.#with(`malloc_heaps[${index}].lock`, lock, section);
  }

  hotplug<T>(section: () => T): T {
    return this.#with('memory_hotplug_lock', this.#rwlock('memoryHotplugLock'), section);
  }

  #rwlock(which: 'mlock' | 'memoryHotplugLock'): RwLock {
    const { offsets, rwlock } = this.#options.layout;
    return new RwLock(this.#words, offsets[which], rwlock);
  }

  #with<T>(name: string, lock: WriteLock, section: () => T): T {
    const { path, lockTimeoutMs: timeoutMs = LOCK_TIMEOUT_MS, whileWaiting } = this.#options;
    return withWriteLock(lock, { name, path, timeoutMs, whileWaiting }, section);
  }
}
