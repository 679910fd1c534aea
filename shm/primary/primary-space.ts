import type { PrimaryLocks, PrimarySpace, SyncAction } from '../heap/heap-space.js';
import { SharedLocks } from '../heap/shared-locks.js';
import { sleep } from '../locks/lock-wait.js';
import { PagePool } from './page-pool.js';
import type { SpaceParts } from './space.js';

const HOTPLUG = 0;
const MLOCK = 1;

/** What the allocator needs of the channel. */
export interface SpaceCalls {
  readonly lockTimeoutMs: number;
  /** Blocks for up to `ms`: whoever holds the lock that we wait for may be waiting for our answer. */
  readonly whileWaiting: (ms: number) => void;
  /** Sends a sync request to every secondary and waits for all; false if one failed. */
  readonly sync: (action: SyncAction, id: bigint) => boolean;
  readonly changing?: Changing | undefined;
}

/** What the allocator works on. */
export function primarySpace(parts: SpaceParts, path: string, calls: SpaceCalls): PrimarySpace {
  const { layout, plan, config } = parts;
  const { lockTimeoutMs, whileWaiting, sync } = calls;
  const locks = new SharedLocks({ layout, config, path, lockTimeoutMs, whileWaiting });
  return {
    layout,
    config,
    configAddress: plan.configAddress,
    lists: plan.lists,
    memzones: { descriptorOffset: layout.offsets.memzones, bytes: parts.memzones },
    pages: new PagePool(parts),
    locks: calls.changing?.noting(locks) ?? locks,
    view: (addr, len) => parts.view(addr, len),
    segments: (list) => parts.segments(list),
    sync,
  };
}

/** Which locks this process holds itself, for all of its threads to see. */
export class Changing {
  readonly flags: Int32Array;

  constructor(flags: Int32Array = new Int32Array(new SharedArrayBuffer(8))) {
    this.flags = flags;
  }

  get isHotplugHeld(): boolean {
    return Atomics.load(this.flags, HOTPLUG) === 1;
  }

  get isHeld(): boolean {
    return this.isHotplugHeld || Atomics.load(this.flags, MLOCK) === 1;
  }

  /** The same locks, which say so here while they are held. */
  noting(locks: PrimaryLocks): PrimaryLocks {
    return {
      mlock: (section) => locks.mlock(() => this.#during(MLOCK, section)),
      heap: (index, section) => locks.heap(index, section),
      hotplug: (section) => locks.hotplug(() => this.#during(HOTPLUG, section)),
    };
  }

  #during<T>(flag: number, section: () => T): T {
    Atomics.store(this.flags, flag, 1);
    try {
      return section();
    } finally {
      Atomics.store(this.flags, flag, 0);
    }
  }
}

/** While nobody else knows of the memory: nobody holds its locks, and nobody has to be told. */
export const NOBODY_ATTACHED: SpaceCalls = Object.freeze({
  lockTimeoutMs: 0,
  whileWaiting: sleep,
  sync: () => true,
});
