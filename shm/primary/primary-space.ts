import type { PrimarySpace } from '../heap/heap-space.js';
import { type HeldLocks, SharedLocks } from '../locks/shared-locks.js';
import type { MappedSpace } from './mapped-space.js';
import { PagePool } from './page-pool.js';

/** What the allocator needs of the channel. */
export interface SpaceCalls {
  readonly lockTimeoutMs: number;
  /** Blocks for up to `ms`: the process that holds a lock may be waiting for our answer. */
  readonly whileWaiting: (ms: number) => void;
  readonly sync: PrimarySpace['sync'];
  /** Where to note which locks are held. */
  readonly held?: HeldLocks | undefined;
}

/** Returns what the allocator works on, in the main thread and in the thread that answers EAL's requests. */
export function primarySpace(
  mapped: MappedSpace,
  path: string,
  { lockTimeoutMs, whileWaiting, sync, held }: SpaceCalls,
): PrimarySpace {
  const { layout, plan, config, memzones } = mapped;
  return {
    layout,
    config,
    configAddress: plan.configAddress,
    lists: plan.lists,
    memzones,
    pages: new PagePool(mapped),
    locks: new SharedLocks({ layout, config, path, lockTimeoutMs, whileWaiting, held }),
    view: (addr, len) => mapped.view(addr, len),
    segments: (list) => mapped.segments(list),
    sync,
  };
}
