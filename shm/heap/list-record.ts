import {
  DO_NOT_FREE,
  LIST_ARRAY,
  LIST_EXTERNAL,
  LIST_HEAP,
  LIST_LENGTH,
  LIST_PAGE_SIZE,
  LIST_SOCKET_ID,
  MEMSEG_FLAGS,
  MEMSEG_IOVA,
  MEMSEG_SIZE,
} from '../layout/memseg.js';
import { MAX_MEMSEG_LISTS, MEMSEG_LIST_SIZE } from '../layout/releases.js';
import { FbarrayTable } from './fbarray-table.js';
import type { PageRange } from './heap-space.js';
import { corrupt, readPointer, type SharedWords } from './shared-words.js';

/** offsetof(struct rte_memseg_list, base_va) */
const BASE_VA = 0;

/** RTE_BAD_IOVA: the physical address isn't known. */
export const BAD_IOVA = 2n ** 64n - 1n;

/** The `struct rte_memseg_list` that an element points to, read in place. */
export class ListRecord {
  readonly index: number;
  /** Its address in C processes. */
  readonly addr: number;
  readonly #words: SharedWords;
  readonly #fields: DataView;

  private constructor(words: SharedWords, index: number) {
    const { layout, configAddress } = words.space;
    this.index = index;
    this.addr = configAddress + layout.offsets.memsegs + index * MEMSEG_LIST_SIZE;
    this.#words = words;
    this.#fields = words.view(this.addr, MEMSEG_LIST_SIZE);
  }

  /** Throws `ELAYOUT` where there is no list. */
  static at(words: SharedWords, addr: number): ListRecord {
    const { layout, configAddress } = words.space;
    const index = (addr - configAddress - layout.offsets.memsegs) / MEMSEG_LIST_SIZE;
    if (Number.isInteger(index) && index >= 0 && index < MAX_MEMSEG_LISTS)
      return new ListRecord(words, index);
    throw corrupt('the list of a malloc_elem', addr, 'the address of an rte_memseg_list');
  }

  /** Returns the list that this address is in [rte_mem_virt2memseg_list]. */
  static holding(words: SharedWords, addr: number): ListRecord | undefined {
    return ListRecord.all(words).find((list) => list.base <= addr && addr < list.base + list.length);
  }

  /** Returns the lists in use: an unused one has no base. */
  static all(words: SharedWords): ListRecord[] {
    const lists = Array.from({ length: MAX_MEMSEG_LISTS }, (_, index) => new ListRecord(words, index));
    return lists.filter(({ base }) => base !== 0);
  }

  get base(): number {
    return readPointer(this.#fields, BASE_VA);
  }

  get pageSize(): number {
    return readPointer(this.#fields, LIST_PAGE_SIZE);
  }

  get socketId(): number {
    return this.#fields.getInt32(LIST_SOCKET_ID, true);
  }

  get length(): number {
    return readPointer(this.#fields, LIST_LENGTH);
  }

  /** Whether it is an application's own memory. */
  get external(): boolean {
    return this.#fields.getUint32(LIST_EXTERNAL, true) !== 0;
  }

  /** Whether its pages are in a heap of EAL's own. */
  get feedsHeap(): boolean {
    return this.#fields.getUint32(LIST_HEAP, true) !== 0 && !this.external;
  }

  /** Returns the indexes of its pages in use, ascending. */
  segmentsInUse(): number[] {
    const { config, layout } = this.#words.space;
    const array = new FbarrayTable({
      config,
      layout,
      offset: layout.offsets.memsegs + this.index * MEMSEG_LIST_SIZE + LIST_ARRAY,
      eltSize: MEMSEG_SIZE,
      file: this.#words.space.segments(this.index),
      path: `the array of memsegs[${this.index}]`,
    });
    return [...array.used()];
  }

  /** Whether all of these pages are in use. */
  hasPages({ addr, len }: PageRange): boolean {
    const inUse = new Set(this.segmentsInUse());
    for (let at = addr - this.base; at < addr + len - this.base; at += this.pageSize) {
      if (!inUse.has(Math.floor(at / this.pageSize))) return false;
    }
    return true;
  }

  /** Returns the physical address of a byte, in VA mode its own; {@link BAD_IOVA} if unknown. */
  iovaOf(addr: number): bigint {
    const iova = this.#segment(addr).getBigUint64(MEMSEG_IOVA, true);
    return iova === BAD_IOVA ? iova : iova + BigInt((addr - this.base) % this.pageSize);
  }

  /** Whether a page was there from the start, and has to stay. */
  isKept(addr: number): boolean {
    return (this.#segment(addr).getUint32(MEMSEG_FLAGS, true) & DO_NOT_FREE) !== 0;
  }

  #segment(addr: number): DataView {
    const bytes = this.#words.space.segments(this.index);
    const at = Math.floor((addr - this.base) / this.pageSize) * MEMSEG_SIZE;
    return new DataView(bytes.buffer, bytes.byteOffset + at, MEMSEG_SIZE);
  }
}
