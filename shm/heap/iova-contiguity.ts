import { BAD_IOVA, type ListRecord } from './list-record.js';

/** Whether physical addresses follow each other, in memory whose addresses do. */
export interface IovaContiguity {
  /** The highest page boundary within [start, end) that they don't cross; `undefined` if there is none. */
  highestBreak(list: ListRecord, start: number, end: number): number | undefined;
}

/** `--legacy-mem` sorts its pages by physical address, so what is adjacent is contiguous (eal_memalloc_is_contig). */
export const LEGACY_CONTIGUITY: IovaContiguity = Object.freeze({ highestBreak: () => undefined });

/** Everything else: the segments tell, and in VA mode they tell that everything is. */
export const SEGMENT_CONTIGUITY: IovaContiguity = Object.freeze({
  highestBreak(list: ListRecord, start: number, end: number) {
    const { pageSize } = list;
    const lastPage = end - 1 - ((end - 1) % pageSize);
    for (let page = lastPage; page > start; page -= pageSize) {
      const iova = list.iovaOf(page);
      if (iova === BAD_IOVA || iova !== list.iovaOf(page - pageSize) + BigInt(pageSize)) return page;
    }
    return undefined;
  },
});
