import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { MpError } from '../../protocol/errors.js';
import { withFileErrors } from '../../sys/errors.js';
import { freeHugepages } from '../../sys/mounts.js';
import { numaNodes } from '../../sys/numa.js';
import { sleep } from '../../sys/poll.js';
import { writeHugepageInfo } from '../attach/hugepage-info.js';
import { addStartPages, initHeaps } from '../heap/heap.js';
import { DO_NOT_FREE } from '../layout/memseg.js';
import { MAX_HEAPS } from '../layout/releases.js';
import { planAddresses } from './address-plan.js';
import { CreatedFiles, removeStalePages } from './created-files.js';
import { MappedSpace, type PageDirectory } from './mapped-space.js';
import type { MemoryPlan } from './options.js';
import { PagePool, primarySpace } from './primary-space.js';
import { publish, writeConfig } from './write-config.js';

/**
 * Folder for pages that are ordinary files. It is not the runtime directory itself, whose lock broadcasts hold while
 * secondaries lock the directory of page files to follow a change of memory.
 */
const PAGES_FOLDER = 'pages';
/** What a failed start also removes, unless it was there before. */
const OURS: readonly string[] = ['config', 'hugepage_info', PAGES_FOLDER];

/** The shared memory that this process made as a primary. It lives until `close`. */
export class CreatedMemory {
  readonly plan: MemoryPlan;
  readonly mapped: MappedSpace;
  readonly #runtimePath: string;
  readonly #files: CreatedFiles;
  /** Names in {@link OURS} that weren't there before. */
  readonly #made: readonly string[];
  #isOpen = true;
  #isClosed = false;

  private constructor(
    runtimePath: string,
    plan: MemoryPlan,
    files: CreatedFiles,
    mapped: MappedSpace,
    made: readonly string[],
  ) {
    this.#runtimePath = runtimePath;
    this.#made = made;
    this.plan = plan;
    this.#files = files;
    this.mapped = mapped;
  }

  /**
   * Makes everything except the magic, which secondaries wait for. `tscHz` is what their `rte_get_tsc_hz` returns. Throws
   * `EADDRINUSE` (another primary), `EBUSY` (a former primary's secondaries), `ENOMEM` (hugepages), `EACCES` and other file
   * errors, and leaves nothing behind then.
   */
  static create(runtimePath: string, plan: MemoryPlan, tscHz: number): CreatedMemory {
    if (plan.hugeDir === realpathSync(runtimePath)) {
      throw new MpError(
        'EINVAL',
        `Option memory.hugeDir is the runtime directory ${runtimePath}, whose lock broadcasts hold: leave it out, or give another directory`,
      );
    }
    const nodes = numaNodes().slice(0, MAX_HEAPS); // one heap for each
    const addresses = planAddresses(plan.layout, plan.pageSize, nodes);
    const made = OURS.filter((name) => !existsSync(`${runtimePath}/${name}`));
    const files = CreatedFiles.create(runtimePath, plan, addresses);
    let memory: CreatedMemory | undefined;
    try {
      writeConfig(plan, addresses, files.mappings);
      const directory: PageDirectory = {
        path: plan.hugeDir ?? makeFolder(`${runtimePath}/${PAGES_FOLDER}`),
        filePrefix: basename(runtimePath),
        hugetlb: plan.hugetlb,
      };
      const mapped = new MappedSpace(plan.layout, addresses, directory, files.mappings);
      memory = new CreatedMemory(runtimePath, plan, files, mapped, made);
      memory.#fill(nodes);
      mapped.config.setBigUint64(plan.layout.offsets.tscHz, BigInt(Math.round(tscHz)), true);
      return memory;
    } catch (error) {
      remove(runtimePath, made);
      if (memory === undefined) files.leave(runtimePath);
      if (memory === undefined) files.unmap();
      memory?.close();
      throw error;
    }
  }

  /** Lets secondaries attach. */
  publish(): void {
    publish(this.mapped.config, true);
  }

  /**
   * Removes the page files and drops the locks; secondaries keep what they have mapped. This is all that the end of the
   * process needs, when other threads may still use the memory. Calling it twice is harmless.
   */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    publish(this.mapped.config, false);
    try {
      new PagePool(this.mapped).removeAll();
      removeFolder(`${this.#runtimePath}/${PAGES_FOLDER}`);
    } finally {
      this.#files.leave(this.#runtimePath); // last: another primary may start then
    }
  }

  /** Leaves and unmaps the memory, which no other thread may use any more. Closing twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.leave();
    } finally {
      this.mapped.close();
      this.#files.unmap();
    }
  }

  /** Closes the memory after a failed start, and removes also what a primary leaves behind. */
  discard(): void {
    remove(this.#runtimePath, this.#made); // while this process holds its locks
    this.close();
  }

  #fill(nodes: readonly number[]): void {
    const { pageSize, startPages } = this.plan;
    const { path: dir } = this.mapped.directory;
    removeStalePages(this.mapped.directory); // first: a dead primary's files keep their hugepages
    const free = this.plan.hugetlb ? freeHugepages(pageSize) : 0;
    if (this.plan.hugetlb && free < startPages) {
      throw new MpError(
        'ENOMEM',
        `The memory begins with ${startPages} hugepages of ${pageSize} bytes, and ${free} are free: reserve more (dpdk-hugepages.py --setup), or ask for fewer with memory.hugepages`,
      );
    }
    writeHugepageInfo(`${this.#runtimePath}/hugepage_info`, {
      pageSize,
      dir,
      maxNumaNodes: this.plan.maxNumaNodes,
      pages: free,
    });
    // no other process knows of the memory yet: none holds its locks, and none has to follow
    const calls = { lockTimeoutMs: 0, whileWaiting: sleep, sync: () => true };
    const space = primarySpace(this.mapped, `${this.#runtimePath}/config`, calls);
    initHeaps(space, [...nodes]);
    const pages = new PagePool(this.mapped).allocate(nodes[0] ?? 0, pageSize, startPages, DO_NOT_FREE);
    if (pages === undefined) {
      const what = this.plan.hugetlb ? 'hugepages' : `room in ${dir}`;
      throw new MpError(
        'ENOMEM',
        `There is no room for ${startPages} pages of ${pageSize} bytes: free ${what}, or ask for fewer with memory.hugepages`,
      );
    }
    addStartPages(space, pages);
  }
}

function remove(runtimePath: string, names: readonly string[]): void {
  for (const name of names) rmSync(`${runtimePath}/${name}`, { force: true, recursive: true });
}

function makeFolder(path: string): string {
  const isDirectory = withFileErrors(path, () => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return lstatSync(path).isDirectory();
  });
  if (isDirectory) return path;
  throw new MpError('ENOTDIR', `${path} is a symbolic link, which is not followed: remove it`, { path });
}

/** Removes the folder, unless another process still uses a page in it. */
function removeFolder(path: string): void {
  if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
}
