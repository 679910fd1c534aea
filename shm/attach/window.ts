import { type BigIntStats, constants, fstatSync, openSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { MpError } from '../../protocol/errors.js';
import { systemError, withFileErrors } from '../../sys/errors.js';
import { closeFile } from '../../sys/files.js';
import { Mapping } from '../../sys/mapping.js';
import { layoutError } from '../layout/fields.js';
import type { MemsegList } from '../layout/memseg.js';
import type { Attachment } from './attachment.js';
import type { PagePlace } from './page-files.js';

/** Consecutive pages of one list, mapped contiguously at an address that has nothing to do with the primary's. */
export class Window {
  readonly list: MemsegList;
  readonly first: number;
  readonly last: number;
  readonly runs: readonly PageRun[];
  readonly mapping: Mapping;
  readonly #attachment: Attachment;
  #version: number;
  #stale = false;

  private constructor(
    attachment: Attachment,
    range: MemsegRange,
    version: number,
    mapping: Mapping,
    runs: PageRun[],
  ) {
    this.#attachment = attachment;
    this.list = range.list;
    this.first = range.first;
    this.last = range.last;
    this.#version = version;
    this.mapping = mapping;
    this.runs = runs;
  }

  /** Maps the segments of a range, all or none. */
  static map(attachment: Attachment, range: MemsegRange, writable: boolean): Window {
    const { list, first, last } = range;
    // read first, so that `check` notices every later change
    const version = attachment.listVersion(list);
    const mapping = Mapping.reserve((last - first + 1) * list.pageSize, list.pageSize);
    if (typeof mapping === 'number') throw systemError('mmap', mapping, `memsegs[${list.index}]`);
    try {
      const runs: PageRun[] = [];
      let at = 0;
      for (const place of runsOf(attachment, range)) {
        runs.push(mapRun(mapping, at, place, { writable, owner: attachment.ownerOfPages }));
        at += place.length;
      }
      return new Window(attachment, range, version, mapping, runs);
    } catch (error) {
      mapping.close();
      throw error;
    }
  }

  /** The version of the list at which the pages were known to be the right ones. */
  get version(): number {
    return this.#version;
  }

  /**
   * Whether the pages are still those of the list. Compares the files only if the list has changed since the last call.
   * Once false it stays false.
   */
  check(): boolean {
    if (this.#stale) return false;
    const version = this.#attachment.listVersion(this.list);
    if (version === this.#version) return true;
    if (this.#attachment.hasPages(this.list, this.first, this.last) && this.runs.every(isCurrent)) {
      this.#version = version;
      return true;
    }
    this.#stale = true;
    return false;
  }

  /** The primary's address of the first byte. */
  get base(): number {
    return this.list.base + this.first * this.list.pageSize;
  }
}

/** Consecutive segments (pages) of a list, by their indexes; `last` is included. */
export interface MemsegRange {
  readonly list: MemsegList;
  readonly first: number;
  readonly last: number;
}

/** Joins neighbouring pages in one file to one run. */
function* runsOf(
  attachment: Attachment,
  { list, first, last }: MemsegRange,
): Generator<PagePlace & { length: number }> {
  let run: PagePlace & { length: number } = { ...attachment.place(list, first), length: list.pageSize };
  for (let segment = first + 1; segment <= last; segment++) {
    const next = attachment.place(list, segment);
    if (next.path === run.path && next.offset === run.offset + run.length) {
      run = { ...run, length: run.length + list.pageSize };
    } else {
      yield run;
      run = { ...next, length: list.pageSize };
    }
  }
  yield run;
}

/** Consecutive bytes of one file, which a single `mmap` maps. Plain data, so that it can go to another thread. */
export interface PageRun {
  readonly path: string;
  /** Offset in the file. */
  readonly offset: number;
  readonly length: number;
  /** The file's identity, `<device>:<inode>`; a page that is freed and made again gets a new file of the old name. */
  readonly file: string;
}

interface MapOptions {
  readonly writable: boolean;
  /** The user that the file must belong to; `undefined`: any. */
  readonly owner?: number | undefined;
  /** The identity that the file must have. */
  readonly expected?: string;
}

/**
 * Maps `length` bytes of a page file at `at`. It never creates the file: a C secondary does, and silently gets a page of
 * zeros. It checks the file's size, because an access behind the end is SIGBUS. Throws `ENOENT` when there is no such
 * file, `EACCES` also when it isn't the `owner`'s or not a regular file, `ESTALE` when it isn't the `expected` one.
 */
export function mapRun(
  mapping: Mapping,
  at: number,
  place: { path: string; offset: number; length: number },
  { writable, owner, expected }: MapOptions,
): PageRun {
  const { path, offset, length } = place;
  // O_NONBLOCK: opening a pipe would wait for its writer
  const flags = (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK;
  const fd = withFileErrors(path, () => openSync(path, flags));
  try {
    const stat = withFileErrors(path, () => fstatSync(fd, { bigint: true }));
    const file = identity(stat);
    if (expected !== undefined && file !== expected) throw replaced(path);
    if (!stat.isFile() || (owner !== undefined && Number(stat.uid) !== owner))
      throw foreignPages(path, stat, owner);
    if (Number(stat.size) < offset + length) {
      throw layoutError(path, 'the file size', stat.size, `at least ${offset + length} bytes`);
    }
    const failed = mapping.place(at, length, fd, offset, writable);
    if (failed < 0) throw systemError('mmap', failed, path);
    return { path, offset, length, file };
  } finally {
    closeFile(fd); // the mapping keeps the file
  }
}

/** Whether the name still leads to the file that was mapped. */
function isCurrent(run: PageRun): boolean {
  const stat = statSync(run.path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && identity(stat) === run.file;
}

function identity(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

function foreignPages(path: string, { uid }: BigIntStats, owner: number | undefined): MpError {
  return new MpError(
    'EACCES',
    `${path} is not a regular file${owner === undefined ? '' : ` of the primary's user ${owner}, but of user ${uid}`}, so it is not mapped: check whether the primary's files in the runtime directory are damaged`,
    { path },
  );
}

function replaced(path: string): MpError {
  return new MpError(
    'ESTALE',
    `${basename(path)} is another file now, because its memory was freed and reserved again: look the zone up again`,
    { path },
  );
}
