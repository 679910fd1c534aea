import { MpError } from '../../protocol/errors.js';
import { Chain } from './chain.js';
import { Element, ElementState } from './element.js';
import {
  type BlockShape,
  breakInSegments,
  type HighestBreak,
  headerFor,
  largestIn,
  noBreak,
  releasablePages,
} from './fit.js';
import { FreeLists, HeapRecord } from './heap-record.js';
import { EXTERNAL_SOCKET_ID, HEADER, type PageRange } from './heap-space.js';
import { ListRecord } from './list-record.js';
import { allowsPageSize, isOnlyHint } from './page-flags.js';
import { corrupt, type SharedWords } from './shared-words.js';

/** A block to look for in a heap. */
export interface BlockRequest extends BlockShape {
  /** Page sizes, and whether they are only a hint: see {@link MemzoneFlag}. */
  readonly flags: number;
}

/** A free element, and the address in it of the header of the block. */
interface Place {
  readonly element: Element;
  readonly header: number;
}

/** A block that is in use. */
export interface Block {
  /** Address of its first byte, behind the header. */
  readonly addr: number;
  /** Length in bytes. */
  readonly len: number;
  readonly list: ListRecord;
}

/** Statistics as of rte_malloc_get_socket_stats; sizes in bytes. */
export interface HeapStats {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly allocBytes: number;
  readonly greatestFreeBytes: number;
  readonly freeCount: number;
  readonly allocCount: number;
}

/**
 * One `struct malloc_heap` and the elements in it (malloc_heap.c, malloc_elem.c). Either the caller holds the heap's lock,
 * or the secondary that it answers.
 */
export class MallocHeap extends HeapRecord {
  readonly #words: SharedWords;
  readonly #legacy: boolean;
  readonly #highestBreak: HighestBreak;
  readonly #freeLists: FreeLists;
  readonly #chain: Chain;

  constructor(words: SharedWords, index: number) {
    super(words, index);
    this.#words = words;
    this.#legacy = isLegacy(words);
    this.#highestBreak = this.#legacy ? noBreak : breakInSegments;
    this.#freeLists = new FreeLists(words, this);
    this.#chain = new Chain(words, this, this.#freeLists);
  }

  /** Whether its memory is an application's own. */
  get isExternal(): boolean {
    return this.socketId >= EXTERNAL_SOCKET_ID;
  }

  /** Makes new pages of one list free memory of the heap [malloc_heap_add_memory]. */
  addPages({ addr, len }: PageRange): void {
    const list = ListRecord.holding(this.#words, addr);
    if (list === undefined) throw corrupt('the address of new pages', addr, 'one within a list');
    const element = Element.create(this.#words, addr, {
      heap: this.addr,
      list: list.addr,
      size: len,
      origElem: addr,
      origSize: len,
      dirty: false,
    });
    this.#chain.insert(element);
    this.#freeLists.insert(this.#chain.joinFree(element));
    this.totalSize += len;
  }

  /** Takes pages out again if they are all free; returns whether they were. */
  removePages({ addr, len }: PageRange): boolean {
    for (const element of this.#freeLists.from(0)) {
      if (element.addr > addr || element.end < addr + len) continue;
      this.#hide(element, { addr, len });
      return true;
    }
    return false;
  }

  /** Takes a block; returns `undefined` if there is none. Never makes the heap grow. */
  take(request: BlockRequest): Block | undefined {
    const place = this.#find(request);
    return place === undefined ? undefined : this.#cut(place.element, place.header, request.size);
  }

  /** Whether `take` would find a block. */
  has(request: BlockRequest): boolean {
    return this.#find(request) !== undefined;
  }

  /** Takes the largest free block. */
  takeLargest(request: BlockRequest): Block | undefined {
    let [largest, size]: [Element | undefined, number] = [undefined, 0];
    for (const element of this.#freeLists.from(0)) {
      const list = this.#listOf(element);
      if (!isOnlyHint(request.flags) && !allowsPageSize(request.flags, list.pageSize)) continue;
      const found = largestIn(element, list, request, this.#highestBreak);
      if (found > size) [largest, size] = [element, found];
    }
    if (largest === undefined) return undefined;
    const shape = { ...request, size };
    const header = headerFor(largest, this.#listOf(largest), shape, this.#highestBreak);
    return header === undefined ? undefined : this.#cut(largest, header, size);
  }

  /** Throws `EINVAL` unless there is a block in use whose first byte is at `addr`. */
  requireBlock(addr: number): void {
    this.#elementOf(addr);
  }

  /** Frees a block; returns the pages that the heap gives up thereby, if any. Throws `EINVAL` if there is no block. */
  free(addr: number): PageRange | undefined {
    const freed = this.#elementOf(addr);
    const { size } = freed;
    freed.state = ElementState.FREE;
    freed.dirty = false;
    const joined = this.#chain.joinFree(freed);
    this.#freeLists.insert(joined);
    joined.pad = 0;
    this.allocCount--;
    // memory that is dirty already need not be cleared: the process that takes it does so
    if (!joined.dirty) this.#words.zero(freed.addr + HEADER, size - HEADER);
    return this.#release(joined);
  }

  stats(): HeapStats {
    let [freeCount, freeBytes, greatestFreeBytes] = [0, 0, 0];
    for (const { size } of this.#freeLists.from(0)) {
      freeCount++;
      freeBytes += size;
      greatestFreeBytes = Math.max(greatestFreeBytes, size);
    }
    const { totalSize: totalBytes, allocCount } = this;
    const allocBytes = totalBytes - freeBytes;
    return { totalBytes, freeBytes, allocBytes, greatestFreeBytes, freeCount, allocCount };
  }

  /** Searches the free lists [find_suitable_element]. */
  #find(request: BlockRequest): Place | undefined {
    let other: Place | undefined;
    for (const element of this.#freeLists.from(request.size)) {
      const list = this.#listOf(element);
      const header = headerFor(element, list, request, this.#highestBreak);
      if (header === undefined) continue;
      if (allowsPageSize(request.flags, list.pageSize)) return { element, header };
      other ??= { element, header };
    }
    return isOnlyHint(request.flags) ? other : undefined;
  }

  /** Cuts a block out of an element [malloc_elem_alloc]: splits off the rest above, and the rest below or makes it padding. */
  #cut(element: Element, header: number, size: number): Block {
    const room = HEADER + this.#words.space.layout.cacheLine;
    const end = header + HEADER + size;
    const below = header - element.addr;
    const addr = header + HEADER;
    const list = this.#listOf(element);
    this.#freeLists.remove(element);
    if (element.end - end > room) this.#freeLists.insert(this.#chain.split(element, end));
    const len = element.end - addr;
    if (below < room) {
      this.#pad(element, below);
    } else {
      this.#chain.split(element, header).state = ElementState.BUSY;
      this.#freeLists.insert(element);
    }
    this.allocCount++;
    return { addr, len, list };
  }

  /** Writes a second header directly in front of the block, which says how far it is to the real one. */
  #pad(element: Element, below: number): void {
    element.state = ElementState.BUSY;
    element.pad = below;
    if (below === 0) return;
    const inner = Element.at(this.#words, element.addr + below);
    inner.pad = below;
    inner.state = ElementState.PAD;
    inner.size = element.size - below;
  }

  #release(element: Element): PageRange | undefined {
    const list = this.#listOf(element);
    // legacy memory is made at the start and stays
    if (this.#words.space.pages === undefined || this.#legacy || list.external) return undefined;
    const pages = releasablePages(element, list, this.#words.space.layout.cacheLine);
    if (pages !== undefined) this.#hide(element, pages);
    return pages;
  }

  /** Takes pages out of a free element [malloc_elem_hide_region]: what remains on either side stays free. */
  #hide(element: Element, { addr, len }: PageRange): void {
    this.#freeLists.remove(element);
    if (element.end > addr + len) this.#freeLists.insert(this.#chain.split(element, addr + len));
    let hidden = element;
    if (element.addr < addr) {
      hidden = this.#chain.split(element, addr);
      this.#freeLists.insert(element);
    }
    this.#chain.remove(hidden);
    this.#words.zero(addr, HEADER);
    this.totalSize -= len;
  }

  #elementOf(addr: number): Element {
    const header = Element.at(this.#words, addr - HEADER);
    const isPad = header.state === ElementState.PAD;
    const element = isPad ? Element.at(this.#words, header.addr - header.pad) : header;
    const isBusy = element.state === ElementState.BUSY && element.heap === this.addr;
    if (isBusy && element.addr + element.pad === header.addr) return element;
    throw noBlock(addr);
  }

  #listOf(element: Element): ListRecord {
    return ListRecord.at(this.#words, element.list);
  }
}

/** Returns the address of the heap that the header of the block at `addr` names. */
export function heapOf(words: SharedWords, addr: number): number {
  const header = Element.at(words, addr - HEADER);
  if (header.state !== ElementState.PAD) return header.heap;
  return Element.at(words, header.addr - header.pad).heap;
}

/** Whether the primary runs with `--legacy-mem`, or with `--no-huge`, which sets it, too. */
export function isLegacy(words: SharedWords): boolean {
  const { config, layout } = words.space;
  return config.getUint32(layout.offsets.legacyMem, true) !== 0;
}

export function noBlock(addr: number): MpError {
  return new MpError(
    'EINVAL',
    `There is no block in use at 0x${addr.toString(16)}: check whether it was freed before, or comes from another heap`,
  );
}
