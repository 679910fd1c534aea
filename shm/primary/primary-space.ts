import { rmSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, systemError, withFileErrors } from '../../sys/errors.js';
import { FileLock } from '../../sys/file-lock.js';
import { sleep } from '../../sys/poll.js';
import type { PageRange, PageSource, PrimarySpace } from '../heap/heap-space.js';
import { MEMSEG, MEMSEG_LIST } from '../layout/releases.js';
import { type HeldLocks, SharedLocks } from '../locks/shared-locks.js';
import { damaged, type ListMemory, type MappedSpace } from './mapped-space.js';
import { createPage, type PageFile, removePage } from './page-file.js';

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

/** The pages of a primary; each is a file. Only the shared memory itself (`memsegs`) tells which are in use. */
export class PagePool implements PageSource {
  readonly #mapped: MappedSpace;

  constructor(mapped: MappedSpace) {
    this.#mapped = mapped;
  }

  /** Removes the files of all pages; processes that use them keep them mapped. */
  removeAll(): void {
    for (const list of this.#mapped.lists) {
      for (const segment of list.array.used()) rmSync(this.#file(list, segment).path, { force: true });
    }
  }

  release(addr: number, len: number): void {
    const list = this.#mapped.listAt(addr, len);
    if (list === undefined) throw damaged(`There are no pages at 0x${addr.toString(16)} to release`);
    const { pageSize, base } = list.plan;
    const first = (addr - base) / pageSize;
    const errors: unknown[] = [];
    withFolderLock(this.#mapped.directory.path, () => {
      for (let i = 0; i < len / pageSize; i++) {
        this.#unlist(list, first + i);
        try {
          removePage(list.pages, offsetOf(list, first + i), this.#file(list, first + i));
        } catch (error) {
          errors.push(error); // a file that stays is replaced when its page is made again
        }
      }
    });
    if (errors.length > 0) throw errors[0];
  }

  /** @param flags `rte_memseg.flags` of the pages: `DO_NOT_FREE` for those that a primary starts with */
  allocate(socketId: number, pageSize: number, pages: number, flags = 0): PageRange | undefined {
    for (const list of this.#mapped.lists) {
      if (list.plan.socketId !== socketId || list.plan.pageSize !== pageSize) continue;
      const first = list.array.findFree(pages);
      if (first === undefined || !this.#create(list, first, pages)) continue;
      for (let i = 0; i < pages; i++) this.#record(list, first + i, flags);
      this.#changed(list);
      return { addr: list.plan.base + first * pageSize, len: pages * pageSize };
    }
    return undefined;
  }

  /** Creates all pages or none; returns false where there aren't that many. */
  #create(list: ListMemory, first: number, pages: number): boolean {
    return withFolderLock(this.#mapped.directory.path, () => {
      let made = 0;
      try {
        for (; made < pages; made++)
          createPage(list.pages, offsetOf(list, first + made), this.#file(list, first + made));
        return true;
      } catch (error) {
        while (made-- > 0)
          removePage(list.pages, offsetOf(list, first + made), this.#file(list, first + made));
        if (error instanceof MpError && (error.code === 'ENOMEM' || error.code === 'ENOSPC')) return false;
        throw error;
      }
    });
  }

  #record(list: ListMemory, segment: number, flags: number): void {
    const { base, pageSize, socketId } = list.plan;
    const addr = BigInt(base + segment * pageSize);
    const len = BigInt(pageSize);
    const fields = { iova: addr, addr, len, hugepageSize: len, socketId, flags }; // VA mode
    MEMSEG.encode(fields, list.array.entry(segment));
    list.array.setUsed(segment);
  }

  #unlist(list: ListMemory, segment: number): void {
    list.array.setFree(segment);
    list.array.entry(segment).fill(0);
    this.#changed(list);
  }

  #changed({ plan }: ListMemory): void {
    const { config, layout } = this.#mapped;
    const at = layout.offsets.memsegs + plan.index * MEMSEG_LIST.size + MEMSEG_LIST.offsets.version;
    config.setUint32(at, config.getUint32(at, true) + 1, true);
  }

  #file(list: ListMemory, segment: number): PageFile {
    const { pageSize, socketId, index } = list.plan;
    return {
      path: this.#mapped.pagePath(index, segment),
      pageSize,
      node: this.#mapped.lists.length > 1 && this.#mapped.directory.hugetlb ? socketId : undefined,
    };
  }
}

/** Returns the offset of a segment in its list's mapping. */
function offsetOf({ plan }: ListMemory, segment: number): number {
  return segment * plan.pageSize;
}

/** Time to wait for the directory's lock, which each DPDK process of the machine holds while it changes page files. */
const TIMEOUT_MS = 5_000;
const RETRY_MS = 1;

/** Runs `section` with the lock that EAL takes on a directory of page files. Throws `ETIMEDOUT` where a process keeps it. */
function withFolderLock<T>(folder: string, section: () => T): T {
  const lock = take(folder);
  try {
    return section();
  } finally {
    lock.release();
  }
}

function take(folder: string): FileLock {
  const deadline = nowMs() + TIMEOUT_MS;
  for (;;) {
    const lock = withFileErrors(folder, () => FileLock.tryLock(folder, 'exclusive'));
    if (typeof lock !== 'number') return lock;
    if (lock !== -EAGAIN) throw systemError('flock', lock, folder);
    if (nowMs() >= deadline) {
      throw new MpError(
        'ETIMEDOUT',
        `Another DPDK process has locked ${folder} for ${TIMEOUT_MS} ms: find it with lslocks, and end it if it hangs`,
        { syscall: 'flock', path: folder },
      );
    }
    sleep(RETRY_MS);
  }
}
