import type { Element } from './element.js';
import { HEADER, type PageRange } from './heap-space.js';
import { BAD_IOVA, type ListRecord } from './list-record.js';

/** Size and position that a block must have. */
export interface BlockShape {
  /** Size in bytes, a multiple of the cache line. */
  readonly size: number;
  /** Alignment, a power of two, at least a cache line. */
  readonly align: number;
  /** A power of two: the block crosses no multiple of it; 0 for none. */
  readonly bound: number;
  /** Whether its physical addresses must be contiguous. */
  readonly contiguous: boolean;
}

/**
 * Returns the address of the header of such a block in a free element, as high as possible, because C takes blocks from
 * the end; `undefined` when it doesn't fit.
 */
export function headerFor(
  element: Element,
  list: ListRecord,
  shape: BlockShape,
  highestBreak: HighestBreak,
): number | undefined {
  let limit = element.end;
  for (;;) {
    const start = startBelow(limit, shape);
    if (start === undefined || start - HEADER < element.addr) return undefined;
    if (!shape.contiguous) return start - HEADER;
    const gap = highestBreak(list, start, start + shape.size);
    if (gap === undefined) return start - HEADER;
    limit = gap;
  }
}

/** Returns the highest start of a block that ends at or below `limit`; `undefined` if no block fits within the bound. */
function startBelow(limit: number, { size, align, bound }: BlockShape): number | undefined {
  const start = floorTo(limit - size, align);
  if (bound === 0 || isWithin(start, limit, bound)) return start;
  const lower = floorTo(floorTo(limit, bound) - size, align);
  return isWithin(lower, lower + size, bound) ? lower : undefined;
}

function isWithin(start: number, end: number, bound: number): boolean {
  return floorTo(start, bound) === floorTo(end - 1, bound);
}

/** Returns the size of the largest block with this alignment that a free element can hold; 0 for none. */
export function largestIn(
  element: Element,
  list: ListRecord,
  shape: Pick<BlockShape, 'align' | 'contiguous'>,
  highestBreak: HighestBreak,
): number {
  let largest = 0;
  let end = element.end;
  const first = ceilTo(element.addr + HEADER, shape.align);
  while (end > first) {
    const gap = shape.contiguous ? highestBreak(list, first, end) : undefined;
    const start = gap === undefined ? first : ceilTo(gap, shape.align);
    largest = Math.max(largest, end - start);
    end = gap ?? first;
  }
  return largest;
}

function floorTo(value: number, multiple: number): number {
  return value - (value % multiple);
}

export function ceilTo(value: number, multiple: number): number {
  return floorTo(value + multiple - 1, multiple);
}

/** Returns the highest page boundary within [start, end) at which physical addresses are not contiguous, if there is one. */
export type HighestBreak = (list: ListRecord, start: number, end: number) => number | undefined;

/** For `--legacy-mem`, which sorts its pages by physical address: adjacent pages are contiguous (eal_memalloc_is_contig). */
export const noBreak: HighestBreak = () => undefined;

/** For all other modes: compares the addresses in the segments, which in VA mode are all contiguous. */
export const breakInSegments: HighestBreak = (list, start, end) => {
  const { pageSize } = list;
  for (let page = floorTo(end - 1, pageSize); page > start; page -= pageSize) {
    const iova = list.iovaOf(page);
    if (iova === BAD_IOVA || iova !== list.iovaOf(page - pageSize) + BigInt(pageSize)) return page;
  }
  return undefined;
};

/**
 * Returns the whole pages of a free element that the heap can give back [malloc_heap_free]: none that has to stay, and so
 * that what remains on either side is large enough for a block. `undefined` if there are none.
 */
export function releasablePages(
  element: Element,
  list: ListRecord,
  cacheLine: number,
): PageRange | undefined {
  const { pageSize } = list;
  const room = HEADER + cacheLine;
  let { start, end } = freeablePages(element, list);
  if (isTooSmall(start - element.addr, room)) start += pageSize;
  if (isTooSmall(element.end - end, room)) end -= pageSize;
  return start < end ? { addr: start, len: end - start } : undefined;
}

/** Returns the first range of whole pages that need not stay. */
function freeablePages(element: Element, list: ListRecord): { start: number; end: number } {
  const { pageSize } = list;
  const last = floorTo(element.end, pageSize);
  let start = ceilTo(element.addr, pageSize);
  while (start < last && list.isKept(start)) start += pageSize;
  let end = start;
  while (end < last && !list.isKept(end)) end += pageSize;
  return { start, end };
}

function isTooSmall(space: number, room: number): boolean {
  return space > 0 && space < room;
}
