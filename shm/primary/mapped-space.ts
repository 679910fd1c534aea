import { MpError } from '../../protocol/errors.js';
import { Mapping } from '../../sys/mapping.js';
import { PAGE_FILE_NAMES, pageFileStart } from '../attach/page-files.js';
import { FbarrayTable } from '../heap/fbarray-table.js';
import { layoutError } from '../layout/fields.js';
import { MEMSEG, MEMSEG_LIST, type MemConfigLayout } from '../layout/releases.js';
import type { AddressPlan, ListPlan } from './address-plan.js';

/** The directory of the page files. Plain data. */
export interface PageDirectory {
  readonly path: string;
  readonly filePrefix: string;
  readonly hugetlb: boolean;
}

/** The mappings of a primary's shared memory. Another thread adopts them by their addresses. */
export interface SpaceMappings {
  readonly config: Mapping;
  readonly memzones: Mapping;
  readonly lists: readonly { readonly array: Mapping; readonly pages: Mapping }[];
}

/** The address and the length of a mapping. */
type Range = readonly [address: number, length: number];

/** What another thread needs to work on the same memory. Plain data. */
export interface SpaceDescription {
  readonly layout: MemConfigLayout;
  readonly plan: AddressPlan;
  readonly directory: PageDirectory;
  readonly config: Range;
  readonly memzones: Range;
  readonly lists: readonly { readonly array: Range; readonly pages: Range }[];
}

/** One memseg list: its array, and the address space that its pages are mapped to. */
export interface ListMemory {
  readonly plan: ListPlan;
  readonly array: FbarrayTable;
  /** The file of the array. */
  readonly file: DataView;
  readonly pages: Mapping;
}

/** Length of the views that are kept, because making a view costs more than using it. */
const CHUNK = 2 ** 26;

/** A primary's shared memory, mapped for writing. */
export class MappedSpace {
  readonly layout: MemConfigLayout;
  readonly plan: AddressPlan;
  readonly config: DataView;
  readonly memzones: DataView;
  readonly lists: readonly ListMemory[];
  readonly directory: PageDirectory;
  readonly #chunks = new Map<string, ArrayBuffer>();
  readonly #mappings: SpaceMappings;
  #isClosed = false;

  constructor(layout: MemConfigLayout, plan: AddressPlan, directory: PageDirectory, mappings: SpaceMappings) {
    this.layout = layout;
    this.plan = plan;
    this.#mappings = mappings;
    this.directory = directory;
    this.config = wholeOf(mappings.config);
    this.memzones = wholeOf(mappings.memzones);
    this.lists = plan.lists.map((list, i) => {
      const mapping = mappings.lists[i];
      if (mapping === undefined)
        throw layoutError(directory.path, 'mappings', mappings.lists.length, `${i + 1}`);
      const file = wholeOf(mapping.array);
      const array = new FbarrayTable({
        config: this.config,
        layout,
        offset: layout.offsets.memsegs + list.index * MEMSEG_LIST.size + MEMSEG_LIST.offsets.array,
        eltSize: MEMSEG.size,
        file,
        path: list.array.name,
      });
      return { plan: list, array, file, pages: mapping.pages };
    });
  }

  /** Returns the path of the file of a page. */
  pagePath(list: number, segment: number): string {
    const { path, filePrefix } = this.directory;
    return `${path}/${pageFileStart(filePrefix)}${PAGE_FILE_NAMES[this.layout.pageFile](list, segment)}`;
  }

  /** Returns the same memory in another thread. The thread that made it keeps it until this thread has ended. */
  static adopt({ layout, plan, directory, config, memzones, lists }: SpaceDescription): MappedSpace {
    return new MappedSpace(layout, plan, directory, {
      config: Mapping.adopt(...config),
      memzones: Mapping.adopt(...memzones),
      lists: lists.map(({ array, pages }) => ({
        array: Mapping.adopt(...array),
        pages: Mapping.adopt(...pages),
      })),
    });
  }

  describe(): SpaceDescription {
    const { config, memzones, lists } = this.#mappings;
    return {
      layout: this.layout,
      plan: this.plan,
      directory: this.directory,
      config: rangeOf(config),
      memzones: rangeOf(memzones),
      lists: lists.map(({ array, pages }) => ({ array: rangeOf(array), pages: rangeOf(pages) })),
    };
  }

  /** Returns the list that these addresses are in; `undefined` where not all of their pages are in use. */
  listAt(addr: number, len: number): ListMemory | undefined {
    const list = this.lists.find(({ plan }) => plan.base <= addr && addr + len <= plan.base + plan.length);
    if (list === undefined || len <= 0) return undefined;
    const { base, pageSize } = list.plan;
    const last = Math.floor((addr + len - 1 - base) / pageSize);
    for (let i = Math.floor((addr - base) / pageSize); i <= last; i++) {
      if (!list.array.has(i)) return undefined;
    }
    return list;
  }

  /** Returns the file of a list's array. */
  segments(list: number): DataView {
    const found = this.lists.find(({ plan }) => plan.index === list);
    if (found !== undefined) return found.file;
    throw damaged(`There is no memory segment list ${list}`);
  }

  /** Returns the bytes at an address of the primary. Throws `EFAULT` where there is no page, where an access is SIGSEGV. */
  view(addr: number, len: number): DataView {
    if (this.#isClosed)
      throw new MpError('EBADF', 'This memory was closed with its channel: open another channel');
    const list = this.listAt(addr, len);
    if (list === undefined) throw damaged(`There is no memory at 0x${addr.toString(16)} (${len} bytes)`);
    const offset = addr - list.plan.base;
    const chunk = Math.floor(offset / CHUNK);
    if (Math.floor((offset + len - 1) / CHUNK) > chunk) return new DataView(list.pages.view(offset, len));
    return new DataView(this.#chunk(list, chunk), offset - chunk * CHUNK, len);
  }

  /** Makes `view` throw `EBADF`, and drops the views. */
  close(): void {
    this.#isClosed = true;
    this.#chunks.clear();
  }

  #chunk({ plan, pages }: ListMemory, chunk: number): ArrayBuffer {
    const key = `${plan.index}:${chunk}`;
    let buffer = this.#chunks.get(key);
    if (buffer === undefined) {
      buffer = pages.view(chunk * CHUNK, Math.min(CHUNK, plan.length - chunk * CHUNK));
      this.#chunks.set(key, buffer);
    }
    return buffer;
  }
}

/** Returns the `EFAULT` error for a heap that leads to no memory. */
export function damaged(what: string): MpError {
  const why = 'so a process has damaged the heap: restart all processes of this file prefix';
  return new MpError('EFAULT', `${what}, ${why}`);
}

export function wholeOf(mapping: Mapping): DataView {
  return new DataView(mapping.view(0, mapping.length));
}

function rangeOf({ address, length }: Mapping): Range {
  return [address, length];
}
