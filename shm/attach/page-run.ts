import { type BigIntStats, constants, fstatSync, openSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { MpError } from '../../protocol/errors.js';
import { closeFile } from '../../sys/close-file.js';
import type { Mapping } from '../../sys/mapping.js';
import { callError, fileError, layoutError } from '../errors.js';

/** Consecutive bytes of one file: what a single `mmap` takes. Plain data, so that it can go to another thread. */
export interface PageRun {
  readonly path: string;
  /** In the file. */
  readonly offset: number;
  readonly length: number;
  /** The file's identity, `<device>:<inode>`; a page that is freed and made again gets a new file of the old name. */
  readonly file: string;
}

interface MapOptions {
  readonly writable: boolean;
  /** The user that the file must belong to; `undefined`: any. */
  readonly owner?: number | undefined;
  /** The file that it must be. */
  readonly expected?: string;
}

/**
 * Maps `length` bytes of a page file at `at`. It never creates a file: a C secondary does, and silently gets a page of
 * zeros. The size is checked first, because access behind the end is SIGBUS. `ENOENT` when there is no such file,
 * `EACCES` also when it isn't the `owner`'s or no regular file; `ESTALE` when it isn't the `expected` one.
 */
export function mapRun(
  mapping: Mapping,
  at: number,
  place: { path: string; offset: number; length: number },
  { writable, owner, expected }: MapOptions,
): PageRun {
  const { path, offset, length } = place;
  const fd = openPages(path, writable);
  try {
    const stat = statOf(fd, path);
    const file = identity(stat);
    if (expected !== undefined && file !== expected) throw replaced(path);
    if (!stat.isFile() || (owner !== undefined && Number(stat.uid) !== owner))
      throw foreignPages(path, stat, owner);
    if (Number(stat.size) < offset + length) {
      throw layoutError(path, 'the file size', stat.size, `at least ${offset + length} bytes`);
    }
    const failed = mapping.place(at, length, fd, offset, writable);
    if (failed < 0) throw callError(failed, 'mmap', path);
    return { path, offset, length, file };
  } finally {
    closeFile(fd); // the mapping keeps the file; there is no flock to keep
  }
}

/** Whether the name still leads to the file that was mapped. */
export function isCurrent(run: PageRun): boolean {
  const stat = statSync(run.path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && identity(stat) === run.file;
}

function openPages(path: string, writable: boolean): number {
  try {
    return openSync(path, (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(error, path, 'Cannot open the page file');
  }
}

function statOf(fd: number, path: string): BigIntStats {
  try {
    return fstatSync(fd, { bigint: true });
  } catch (error) {
    throw fileError(error, path, 'Cannot look at the page file');
  }
}

function identity(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

function foreignPages(path: string, { uid }: BigIntStats, owner: number | undefined): MpError {
  return new MpError(
    'EACCES',
    `${path} is no regular file${owner === undefined ? '' : ` of user ${owner}, as the primary's own are, but of ${uid}`}: it is not mapped. Is what the primary has written down damaged?`,
    { path },
  );
}

function replaced(path: string): MpError {
  return new MpError(
    'ESTALE',
    `${basename(path)} is another file by now: its memory was freed and reserved again. Look the zone up again`,
    { path },
  );
}
