import { DO_NOT_FREE } from '../layout/memseg.js';
import { MAX_MEMSEG_LISTS, MEMSEG, MEMSEG_LIST } from '../layout/releases.js';
import { FbarrayTable } from './fbarray-table.js';
import type { PageRange } from './heap-space.js';
import { corrupt, fieldsAt, type SharedWords } from './shared-words.js';

/** RTE_BAD_IOVA: the physical address isn't known. */
export const BAD_IOVA = 2n ** 64n - 1n;

const { base, pageSize, length } = MEMSEG_LIST.offsets;
const ListFields = fieldsAt({ base, pageSize, length }, {});

/** The `struct rte_memseg_list` that an element points to, read in place. */
export class ListRecord extends ListFields {
  readonly index: number;
  /** Its address in C processes. */
  readonly addr: number;
  readonly #words: SharedWords;

  private constructor(words: SharedWords, index: number) {
    const { layout, configAddress } = words.space;
    const addr = configAddress + layout.offsets.memsegs + index * MEMSEG_LIST.size;
    super(words.view(addr, MEMSEG_LIST.size));
    this.index = index;
    this.addr = addr;
    this.#words = words;
  }

  /** Throws `ELAYOUT` where there is no list. */
  static at(words: SharedWords, addr: number): ListRecord {
    const { layout, configAddress } = words.space;
    const index = (addr - configAddress - layout.offsets.memsegs) / MEMSEG_LIST.size;
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

  get socketId(): number {
    return this.fields.getInt32(MEMSEG_LIST.offsets.socketId, true);
  }

  /** Whether it is an application's own memory. */
  get external(): boolean {
    return this.fields.getUint32(MEMSEG_LIST.offsets.external, true) !== 0;
  }

  /** Whether its pages are in a heap of EAL's own. */
  get feedsHeap(): boolean {
    return this.fields.getUint32(MEMSEG_LIST.offsets.heap, true) !== 0 && !this.external;
  }

  /** Returns the indexes of its pages in use, ascending. */
  segmentsInUse(): number[] {
    const { config, layout } = this.#words.space;
    const array = new FbarrayTable({
      config,
      layout,
      offset: layout.offsets.memsegs + this.index * MEMSEG_LIST.size + MEMSEG_LIST.offsets.array,
      eltSize: MEMSEG.size,
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
    const iova = this.#segment(addr).getBigUint64(MEMSEG.offsets.iova, true);
    return iova === BAD_IOVA ? iova : iova + BigInt((addr - this.base) % this.pageSize);
  }

  /** Whether a page was there from the start, and has to stay. */
  isKept(addr: number): boolean {
    return (this.#segment(addr).getUint32(MEMSEG.offsets.flags, true) & DO_NOT_FREE) !== 0;
  }

  #segment(addr: number): DataView {
    const bytes = this.#words.space.segments(this.index);
    const at = Math.floor((addr - this.base) / this.pageSize) * MEMSEG.size;
    return new DataView(bytes.buffer, bytes.byteOffset + at, MEMSEG.size);
  }
}
