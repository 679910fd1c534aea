import type { Element } from './element.js';
import { HEADER } from './heap-space.js';
import type { IovaContiguity } from './iova-contiguity.js';
import type { ListRecord } from './list-record.js';

/** What a block has to be like. */
export interface BlockShape {
  /** Bytes, a multiple of the cache line. */
  readonly size: number;
  /** A power of two, at least a cache line. */
  readonly align: number;
  /** A power of two that the block doesn't cross a multiple of; 0 for none. */
  readonly bound: number;
  /** Physical addresses that follow each other. */
  readonly contiguous: boolean;
}

/**
 * Where in a free element the header of such a block begins: as high as possible, as C takes blocks from the end.
 * `undefined` when it doesn't fit.
 */
export function headerFor(
  element: Element,
  list: ListRecord,
  shape: BlockShape,
  contiguity: IovaContiguity,
): number | undefined {
  let limit = element.end;
  for (;;) {
    const start = startBelow(limit, shape);
    if (start === undefined || start - HEADER < element.addr) return undefined;
    if (!shape.contiguous) return start - HEADER;
    const gap = contiguity.highestBreak(list, start, start + shape.size);
    if (gap === undefined) return start - HEADER;
    limit = gap;
  }
}

/** The highest start of a block that ends at `limit` at the latest; `undefined` if no block can be within the bound. */
function startBelow(limit: number, { size, align, bound }: BlockShape): number | undefined {
  const start = floorTo(limit - size, align);
  if (bound === 0 || isWithin(start, limit, bound)) return start;
  const lower = floorTo(floorTo(limit, bound) - size, align);
  return isWithin(lower, lower + size, bound) ? lower : undefined;
}

function isWithin(start: number, end: number, bound: number): boolean {
  return floorTo(start, bound) === floorTo(end - 1, bound);
}

/** The largest block with this alignment that a free element could hold, 0 for none. */
export function largestIn(
  element: Element,
  list: ListRecord,
  shape: Pick<BlockShape, 'align' | 'contiguous'>,
  contiguity: IovaContiguity,
): number {
  let largest = 0;
  let end = element.end;
  const first = ceilTo(element.addr + HEADER, shape.align);
  while (end > first) {
    const gap = shape.contiguous ? contiguity.highestBreak(list, first, end) : undefined;
    const start = gap === undefined ? first : ceilTo(gap, shape.align);
    largest = Math.max(largest, end - start);
    end = gap ?? first;
  }
  return largest;
}

export function floorTo(value: number, multiple: number): number {
  return value - (value % multiple);
}

export function ceilTo(value: number, multiple: number): number {
  return floorTo(value + multiple - 1, multiple);
}

export function isPowerOfTwo(value: unknown): value is number {
  // the logarithm of large numbers is rounded
  return (
    Number.isInteger(value) && (value as number) > 0 && 2 ** Math.round(Math.log2(value as number)) === value
  );
}
