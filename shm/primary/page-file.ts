import { constants, ftruncateSync, openSync, rmSync } from 'node:fs';
import { EAGAIN, ifPresent, systemError, withFileErrors } from '../../sys/errors.js';
import { dropFlock, tryFlock } from '../../sys/file-lock.js';
import { closeFile } from '../../sys/files.js';
import * as libc from '../../sys/libc.js';
import type { Mapping } from '../../sys/mapping.js';
import { bindToNode, nodeOf } from '../../sys/numa.js';

/** The file of one page. */
export interface PageFile {
  readonly path: string;
  readonly pageSize: number;
  /** The NUMA node to take the page from; `undefined` where there is only one. */
  readonly node: number | undefined;
}

/**
 * Creates the file of one page and maps it at `offset`. Its shared `flock`, which tells every DPDK process that the page
 * is in use, lasts as long as the mapping. Throws `ENOMEM` or `ENOSPC` when there is no page left.
 */
export function createPage(mapping: Mapping, offset: number, file: PageFile): void {
  const { path } = file;
  const fd = newFile(path);
  try {
    fill(mapping, offset, fd, file);
  } catch (error) {
    dropFlock(fd); // this lock would keep the file
    removePage(mapping, offset, file);
    throw error;
  } finally {
    closeFile(fd);
  }
}

/** Creates a new file. Secondaries of a dead primary keep what they have mapped of one that it replaces. */
function newFile(path: string): number {
  return withFileErrors(path, () => {
    rmSync(path, { force: true });
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  });
}

function fill(mapping: Mapping, offset: number, fd: number, { path, pageSize, node }: PageFile): void {
  checked(tryFlock(fd, 'shared'), 'flock', path);
  withFileErrors(path, () => ftruncateSync(fd, pageSize));
  checked(mapping.place(offset, pageSize, fd, 0, true), 'mmap', path);
  const address = mapping.address + offset;
  // allocates the page now, on its node: touching a page that can't be allocated is SIGBUS
  if (node !== undefined) checked(bindToNode(address, pageSize, node), 'mbind', path);
  checked(libc.fallocate(fd, 0, 0, pageSize), 'fallocate', path);
  if (node !== undefined && nodeOf(address) !== node) throw systemError('mbind', -EAGAIN, path);
}

/** Unmaps a page, and removes its file unless another process has it locked. */
export function removePage(mapping: Mapping, offset: number, { path, pageSize }: PageFile): void {
  checked(mapping.clear(offset, pageSize), 'munmap', path);
  removeUnused(path);
}

function checked(result: number, syscall: string, path: string): void {
  if (result < 0) throw systemError(syscall, result, path);
}

/** Whether a process holds a `flock` on this file; `undefined` where there is no file. Throws where this user may not open it. */
export function isInUse(path: string): boolean | undefined {
  return whileOpen(path, (isFree) => !isFree);
}

/** Removes a file that no process has locked, as EAL does at its start. */
export function removeUnused(path: string): void {
  whileOpen(path, (isFree) => {
    if (isFree) rmSync(path, { force: true });
  });
}

/** Runs `action` with a lock on the file if it is free. Secondaries remove unused files, too, so the file may be gone. */
function whileOpen<T>(path: string, action: (isFree: boolean) => T): T | undefined {
  const fd = ifPresent(path, () => openSync(path, constants.O_RDWR | constants.O_NOFOLLOW));
  if (fd === undefined) return undefined;
  try {
    return action(tryFlock(fd, 'exclusive') === 0);
  } finally {
    closeFile(fd);
  }
}
