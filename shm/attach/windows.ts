import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { MpError } from '../../protocol/errors.js';
import { MAX_VIEW_LENGTH } from '../../sys/mapping.js';
import { sleep } from '../../sys/poll.js';
import type { MemsegList } from '../layout/memseg.js';
import type { Attachment } from './attachment.js';
import { type MemsegRange, Window } from './window.js';

/** Limit of looks for a page file that should exist. */
const MAX_LOOKS = 20;

/** Alignment of each ArrayBuffer: Atomics need the natural alignment of their type. */
const ALIGNMENT = 8;

/** The windows of one attachment that have views. */
export class Windows {
  readonly #attachment: Attachment;
  /** Whether pages are mapped for writing. */
  readonly writable: boolean;
  readonly #open = new Map<string, Window>();
  /** Closed, but views of them exist. */
  readonly #pinned = new Set<Window>();

  constructor(attachment: Attachment, writable: boolean) {
    this.#attachment = attachment;
    this.writable = writable;
  }

  /** Returns the window over `length` bytes at `addr`; maps one unless there is one that is current. */
  at(addr: number, length: number): Window {
    if (length > MAX_VIEW_LENGTH - ALIGNMENT) throw tooLong(length);
    const range = rangeOf(this.#attachment.listAt(addr), addr, length);
    const key = keyOf(range);
    const known = this.#open.get(key);
    if (known !== undefined) {
      if (known.check()) return known;
      this.#drop(key, known);
    }
    const window = this.#map(range, addr, length);
    this.#open.set(key, window);
    window.mapping.onIdle = () => {
      this.#pinned.delete(window);
      this.#drop(key, window);
    };
    return window;
  }

  #map(range: MemsegRange, addr: number, length: number): Window {
    const hasPages = () => this.#attachment.hasPages(range.list, range.first, range.last);
    for (let looks = 1; ; looks++) {
      if (!hasPages()) throw noPages(addr, length);
      try {
        return Window.map(this.#attachment, range, this.writable);
      } catch (error) {
        if (!(error instanceof MpError) || error.code !== 'ENOENT') throw error;
        if (looks === MAX_LOOKS || !this.#attachment.mayChange || isElsewhere(error)) throw unlinked(error);
        sleep(1); // the primary may be removing the page, or making it again
      }
    }
  }

  /** Returns a zero-copy array over `length` bytes at `addr`, which must be in the window. */
  view(window: Window, addr: number, length: number): Uint8Array {
    const offset = addr - window.base;
    const before = offset % ALIGNMENT;
    return new Uint8Array(window.mapping.view(offset - before, before + length), before, length);
  }

  /** Unmaps a window that has no views, after a copy from it. */
  release(window: Window): void {
    if (window.mapping.views === 0) this.#drop(keyOf(window), window);
  }

  /** Drops windows whose pages the primary has removed. */
  dropStale(): void {
    for (const [key, window] of this.#open) if (!window.check()) this.#drop(key, window);
  }

  close(): void {
    for (const [key, window] of this.#open) this.#drop(key, window);
  }

  /** Bytes of closed windows whose views aren't collected yet. */
  get pinnedBytes(): number {
    let bytes = 0;
    for (const window of this.#pinned) bytes += window.mapping.length;
    return bytes;
  }

  #drop(key: string, window: Window): void {
    if (this.#open.get(key) === window) this.#open.delete(key);
    if (window.mapping.views > 0) this.#pinned.add(window);
    window.mapping.close();
  }
}

function keyOf({ list, first, last }: MemsegRange): string {
  return `${list.index}:${first}:${last}`;
}

/** `ERANGE`: Node 20 would abort. */
function tooLong(length: number): MpError {
  return new MpError(
    'ERANGE',
    `${length} bytes don't fit into one ArrayBuffer (4 GiB): take parts of it with memory.view(addr, length)`,
  );
}

/** Where the directory doesn't exist either, the page won't come back. */
function isElsewhere({ path }: MpError): boolean {
  return path === undefined || !existsSync(dirname(path));
}

function unlinked(cause: MpError): MpError {
  const { path = 'the page file' } = cause;
  return new MpError(
    'ENOTSUP',
    `${path} doesn't exist, but its page is in use: if the primary runs with --huge-unlink, attach with { unlinked: true } to map it through /proc/<pid>/fd; if hugetlbfs is mounted at another path here, give hugeDir`,
    { path, cause },
  );
}

function rangeOf(list: MemsegList | undefined, addr: number, length: number): MemsegRange {
  if (list === undefined || addr + length > list.base + list.length) throw noPages(addr, length);
  const first = Math.floor((addr - list.base) / list.pageSize);
  const last = Math.floor((addr + length - 1 - list.base) / list.pageSize);
  return { list, first, last };
}

function noPages(addr: number, length: number): MpError {
  return new MpError(
    'EFAULT',
    `The primary has no memory at 0x${addr.toString(16)} (${length} bytes): take addresses from memzones() or memsegs(), and look them up again once memory was freed`,
  );
}
