import { constants, existsSync, ftruncateSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { EAGAIN, ifPresent, systemError, withFileErrors } from '../../sys/errors.js';
import { dropFlock, dropRecordLock, tryFlock, tryRecordLock } from '../../sys/file-lock.js';
import { closeFile } from '../../sys/files.js';
import { Mapping } from '../../sys/mapping.js';
import { pageFileStart } from '../attach/page-files.js';
import { mapFile } from '../attach/shared-file.js';
import { FBARRAY_FILE } from '../layout/fbarray.js';
import { readConfigHead } from '../layout/mem-config.js';
import { MAX_MEMSEG_LISTS, MEMSEG_LIST } from '../layout/releases.js';
import type { AddressPlan, ArrayPlan } from './address-plan.js';
import type { PageDirectory, SpaceMappings } from './mapped-space.js';
import type { MemoryPlan } from './options.js';
import { isInUse, removeUnused } from './page-file.js';

/** The files of a primary's shared memory: created, locked, mapped, and all zeros. */
export class CreatedFiles {
  readonly mappings: SpaceMappings;
  readonly #fds: number[];

  private constructor(mappings: SpaceMappings, fds: number[]) {
    this.mappings = mappings;
    this.#fds = fds;
  }

  /**
   * Creates the files in `runtimePath`, or takes over those of a dead primary. Throws `EADDRINUSE` while another primary
   * lives, `EBUSY` while secondaries of the dead one do.
   */
  static create(runtimePath: string, plan: MemoryPlan, addresses: AddressPlan): CreatedFiles {
    const path = `${runtimePath}/config`;
    if (readConfigHead(path)?.lock !== undefined) throw taken(path);
    refuseLiveSecondaries(runtimePath);
    const isNew = !existsSync(path);
    let isOurs = false;
    const fds: number[] = [];
    const made: Mapping[] = [];
    const map = (fd: number, length: number, path: string) => {
      const mapping = mapFile(fd, length, path);
      made.push(mapping);
      return mapping;
    };
    const array = (arrayPlan: ArrayPlan) => {
      const path = `${runtimePath}/${FBARRAY_FILE}${arrayPlan.name}`;
      return map(createArray(path, arrayPlan.fileSize, fds), arrayPlan.fileSize, path);
    };
    try {
      const configFd = lockConfig(path, plan, fds);
      isOurs = true;
      writeZeros(configFd, plan.layout.size, path);
      const config = map(configFd, addresses.configLength, path);
      const memzones = array(addresses.memzones);
      const lists = addresses.lists.map((list) => {
        const pages = Mapping.reserve(list.length, list.pageSize);
        if (typeof pages === 'number')
          throw systemError('mmap', pages, `${list.length} bytes of address space`);
        made.push(pages);
        return { array: array(list.array), pages };
      });
      removeStaleArrays(runtimePath);
      return new CreatedFiles({ config, memzones, lists }, fds);
    } catch (error) {
      if (isOurs && isNew) rmSync(path, { force: true }); // while this process holds its lock
      for (const mapping of made) mapping.close();
      giveUp(fds, isOurs ? runtimePath : undefined);
      throw error;
    }
  }

  /** Drops the locks, and removes the arrays that no secondary uses. `config` and `hugepage_info` stay, as in C. */
  leave(runtimePath: string): void {
    giveUp(this.#fds.splice(0), runtimePath);
  }

  unmap(): void {
    const { config, memzones, lists } = this.mappings;
    for (const { pages } of lists) pages.clear(0, pages.length); // frees the pages now, although views may exist
    for (const mapping of [config, memzones, ...lists.flatMap((list) => [list.array, list.pages])])
      mapping.close();
  }
}

/** Drops the lock of `config` last: until then no other primary begins to use the arrays that are removed here. */
function giveUp([config, ...arrays]: readonly number[], runtimePath: string | undefined): void {
  try {
    closeAll(arrays);
    if (runtimePath !== undefined) removeStaleArrays(runtimePath);
  } finally {
    if (config !== undefined) closeAll([config]);
  }
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) {
    dropRecordLock(fd);
    dropFlock(fd);
    closeFile(fd);
  }
}

/** Removes page files of dead primaries of this prefix. */
export function removeStalePages({ path, filePrefix }: PageDirectory): void {
  const start = pageFileStart(filePrefix);
  for (const name of readdirSync(path)) {
    const isOurs = name.startsWith(start) && /^\d+(_\d+)?$/.test(name.slice(start.length));
    if (isOurs) removeUnused(`${path}/${name}`);
  }
}

/** Throws `EBUSY`: secondaries of a dead primary have these files mapped, and a new primary would overwrite their memory. */
function refuseLiveSecondaries(runtimePath: string): void {
  const path = arraysIn(runtimePath).find(isInUse);
  if (path === undefined) return;
  throw new MpError(
    'EBUSY',
    `${path} is in use, because secondaries of the former primary still run: stop them first (lslocks, or ls ${runtimePath}/mp_socket_*, shows which)`,
    { path },
  );
}

function removeStaleArrays(runtimePath: string): void {
  for (const path of arraysIn(runtimePath)) removeUnused(path);
}

function arraysIn(runtimePath: string): string[] {
  const names = ifPresent(runtimePath, () => readdirSync(runtimePath)) ?? [];
  return names.filter((name) => name.startsWith(FBARRAY_FILE)).map((name) => `${runtimePath}/${name}`);
}

/** Opens and locks `config` as a C primary does, without changing its content. */
function lockConfig(path: string, { layout }: MemoryPlan, fds: number[]): number {
  const fd = open(path, fds);
  const result = tryRecordLock(fd, layout.offsets.memsegs, MAX_MEMSEG_LISTS * MEMSEG_LIST.size);
  if (result === -EAGAIN) throw taken(path);
  if (result < 0) throw systemError('fcntl', result, path);
  return fd;
}

function taken(path: string): MpError {
  return new MpError('EADDRINUSE', `Another primary has locked ${path}: stop it, or use another filePrefix`, {
    path,
  });
}

/** Creates a file of zeros, with the `flock` that marks it as in use. */
function createArray(path: string, size: number, fds: number[]): number {
  const fd = open(path, fds);
  for (const kind of ['exclusive', 'shared'] as const) {
    const result = tryFlock(fd, kind);
    if (result < 0) throw systemError('flock', result, path);
    if (kind === 'exclusive') writeZeros(fd, size, path);
  }
  return fd;
}

/** Writes the zeros rather than extend the file: in a full file system, touching what was never written is SIGBUS. */
function writeZeros(fd: number, size: number, path: string): void {
  withFileErrors(path, () => {
    writeFileSync(fd, Buffer.alloc(size));
    ftruncateSync(fd, size);
  });
}

function open(path: string, fds: number[]): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  const fd = withFileErrors(path, () => openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600));
  fds.push(fd);
  return fd;
}
