import { Mapping } from '../../sys/mapping.js';
import { callError } from '../errors.js';
import type { MemsegList } from '../layout/memseg-list.js';
import type { PagePlace } from './page-files.js';
import { isCurrent, mapRun, type PageRun } from './page-run.js';

/** The shared state that a window is checked against. */
export interface PageTable {
  /** `rte_memseg_list.version`: it changes with every page that comes or goes. */
  versionOf(list: MemsegList): number;
  hasPages(list: MemsegList, first: number, last: number): boolean;
  place(list: MemsegList, segment: number): PagePlace;
  /** Whose files the pages must be, where that matters. */
  readonly ownerOfPages: number | undefined;
  /** False once nobody is left who makes or takes pages. */
  readonly mayChange: boolean;
}

/** Consecutive pages of one list, mapped contiguously; where they lie has nothing to do with the primary's addresses. */
export class Window {
  readonly list: MemsegList;
  readonly first: number;
  readonly last: number;
  readonly runs: readonly PageRun[];
  readonly mapping: Mapping;
  readonly #table: PageTable;
  #version: number;
  #stale = false;

  private constructor(
    table: PageTable,
    range: PageRange,
    version: number,
    mapping: Mapping,
    runs: PageRun[],
  ) {
    this.#table = table;
    this.list = range.list;
    this.first = range.first;
    this.last = range.last;
    this.#version = version;
    this.mapping = mapping;
    this.runs = runs;
  }

  /** Maps segments `first` to `last`; everything is undone when one of them fails. */
  static map(table: PageTable, range: PageRange, writable: boolean): Window {
    const { list, first, last } = range;
    // read first: whatever changes from here on is noticed by `check`
    const version = table.versionOf(list);
    const mapping = Mapping.reserve((last - first + 1) * list.pageSize, list.pageSize);
    if (typeof mapping === 'number') throw callError(mapping, 'mmap', `memsegs[${list.index}]`);
    try {
      const runs: PageRun[] = [];
      let at = 0;
      for (const place of runsOf(table, range)) {
        runs.push(mapRun(mapping, at, place, { writable, owner: table.ownerOfPages }));
        at += place.length;
      }
      return new Window(table, range, version, mapping, runs);
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
   * Whether the pages are still those of the list: at once if the list hasn't changed since the last look, else by
   * comparing the files. Once it was false it stays false.
   */
  check(): boolean {
    if (this.#stale) return false;
    const version = this.#table.versionOf(this.list);
    if (version === this.#version) return true;
    if (this.#table.hasPages(this.list, this.first, this.last) && this.runs.every(isCurrent)) {
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

/** Segments `first` to `last` of a list. */
export interface PageRange {
  readonly list: MemsegList;
  readonly first: number;
  readonly last: number;
}

/** Neighbouring pages in one file become one run. */
function* runsOf(
  table: PageTable,
  { list, first, last }: PageRange,
): Generator<PagePlace & { length: number }> {
  let run: PagePlace & { length: number } = { ...table.place(list, first), length: list.pageSize };
  for (let segment = first + 1; segment <= last; segment++) {
    const next = table.place(list, segment);
    if (next.path === run.path && next.offset === run.offset + run.length) {
      run = { ...run, length: run.length + list.pageSize };
    } else {
      yield run;
      run = { ...next, length: list.pageSize };
    }
  }
  yield run;
}
