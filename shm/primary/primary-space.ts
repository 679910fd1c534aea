import { SharedLocks } from '../heap/shared-locks.js';
import { sleep } from '../lock-wait.js';
import type { PrimaryLocks, PrimarySpace, SyncAction } from './interface.js';
import { PagePool } from './page-pool.js';
import type { SpaceParts } from './space.js';

/** What the allocator needs of the channel. */
export interface SpaceCalls {
  readonly lockTimeoutMs: number;
  /** Blocks for up to `ms`: whoever holds the lock that we wait for may be waiting for our answer. */
  readonly whileWaiting: (ms: number) => void;
  /** Sends a sync request to every secondary and waits for all; false if one failed. */
  readonly sync: (action: SyncAction, id: bigint) => boolean;
  /** Shared by the threads of this process: 1 while one of them holds `memory_hotplug_lock`. */
  readonly changing?: Int32Array | undefined;
}

/** What the allocator works on. */
export function primarySpace(parts: SpaceParts, path: string, calls: SpaceCalls): PrimarySpace {
  const { layout, plan, config } = parts;
  const { lockTimeoutMs, whileWaiting, sync } = calls;
  return {
    layout,
    config,
    configAddress: plan.configAddress,
    lists: plan.lists,
    memzones: { descriptorOffset: layout.offsets.memzones, bytes: parts.memzones, len: plan.memzones.len },
    pages: new PagePool(parts),
    locks: noting(new SharedLocks({ layout, config, path, lockTimeoutMs, whileWaiting }), calls.changing),
    view: (addr, len) => parts.view(addr, len),
    segments: (list) => parts.segments(list),
    sync,
  };
}

/** Has the other thread know that it is us who changes memory. */
function noting(locks: PrimaryLocks, changing: Int32Array | undefined): PrimaryLocks {
  if (changing === undefined) return locks;
  return {
    mlock: (section) => locks.mlock(section),
    heap: (index, section) => locks.heap(index, section),
    hotplug: (section) =>
      locks.hotplug(() => {
        Atomics.store(changing, 0, 1);
        try {
          return section();
        } finally {
          Atomics.store(changing, 0, 0);
        }
      }),
  };
}

/** While nobody else knows of the memory: nobody holds its locks, and nobody has to be told. */
export const NOBODY_ATTACHED: SpaceCalls = Object.freeze({
  lockTimeoutMs: 0,
  whileWaiting: sleep,
  sync: () => true,
});
