import type { Element } from './element.js';
import { ceilTo, floorTo } from './fit.js';
import { HEADER } from './heap-space.js';
import type { ListRecord } from './list-record.js';

/** Consecutive pages of one list. */
export interface PageRange {
  readonly addr: number;
  /** Bytes. */
  readonly len: number;
}

/**
 * The whole pages of a free element that can be given back, as malloc_heap_free finds them: none that has to stay, and
 * nothing may remain next to them that is too small for a block. `undefined` if there are none.
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

/** The first run of whole pages that need not stay. */
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
