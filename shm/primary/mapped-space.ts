import { MpError } from '../../protocol/errors.js';
import { Mapping } from '../../sys/mapping.js';
import { PAGE_FILE_NAMES, pageFileStart } from '../attach/page-files.js';
import { FbarrayTable } from '../heap/fbarray-table.js';
import { layoutError } from '../layout/fields.js';
import { LIST_ARRAY, MEMSEG_SIZE } from '../layout/memseg.js';
import { MEMSEG_LIST_SIZE, type MemConfigLayout } from '../layout/releases.js';
import type { AddressPlan, ListPlan } from './address-plan.js';

/** Where the page files are. Plain data. */
export interface PageDirectory {
  readonly path: string;
  readonly filePrefix: string;
  readonly hugetlb: boolean;
}

/** The mappings of a primary's shared memory; their addresses are all that another thread needs to adopt them. */
export interface SpaceMappings {
  readonly config: Mapping;
  readonly memzones: Mapping;
  readonly lists: readonly { readonly array: Mapping; readonly pages: Mapping }[];
}

/** The address and the length of a mapping. */
type Range = readonly [address: number, length: number];

/** All that another thread needs to work on the same memory; plain data. */
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
  /** The array's file. */
  readonly file: DataView;
  readonly pages: Mapping;
}

/** Views of this many bytes are kept: making one costs more than using it. */
const CHUNK = 2 ** 26;

/** A primary's shared memory, mapped for writing, by what it consists of. */
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
        offset: layout.offsets.memsegs + list.index * MEMSEG_LIST_SIZE + LIST_ARRAY,
        eltSize: MEMSEG_SIZE,
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

  /** The same memory in another thread. The one that made it keeps it until this one has ended. */
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

  /** The list whose pages these addresses are in; `undefined` where not all of them are there. */
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

  /** The file of a list's array. */
  segments(list: number): DataView {
    const found = this.lists.find(({ plan }) => plan.index === list);
    if (found !== undefined) return found.file;
    throw new MpError('EFAULT', `There is no memory segment list ${list}: a process has damaged the heap`);
  }

  /** Bytes at an address of the primary. `EFAULT` where it has no page: touching one would end this process. */
  view(addr: number, len: number): DataView {
    if (this.#isClosed)
      throw new MpError('EBADF', 'This memory was closed with its channel: open another one');
    const list = this.listAt(addr, len);
    if (list === undefined) {
      throw new MpError(
        'EFAULT',
        `There is no memory at 0x${addr.toString(16)} (${len} bytes): a process has damaged the heap`,
      );
    }
    const offset = addr - list.plan.base;
    const chunk = Math.floor(offset / CHUNK);
    if (Math.floor((offset + len - 1) / CHUNK) > chunk) return new DataView(list.pages.view(offset, len));
    return new DataView(this.#chunk(list, chunk), offset - chunk * CHUNK, len);
  }

  /** From now on there is nothing to look at. */
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

function wholeOf(mapping: Mapping): DataView {
  return new DataView(mapping.view(0, mapping.length));
}

function rangeOf({ address, length }: Mapping): Range {
  return [address, length];
}
