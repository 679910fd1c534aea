import { MpError } from '../../../../protocol/errors.js';
import { Element, ElementState } from '../../../../shm/heap/element.js';
import { HeapRecord } from '../../../../shm/heap/heap-record.js';
import { EXTERNAL_SOCKET_ID, HEADER, type HeapSpace } from '../../../../shm/heap/heap-space.js';
import { ListRecord } from '../../../../shm/heap/list-record.js';
import { SharedWords } from '../../../../shm/heap/shared-words.js';
import { MAX_HEAPS } from '../../../../shm/layout/releases.js';
import { checkFreeLists, checkJoined, checkMemzones, checkZeros } from './check-lists.js';

/**
 * Checks everything that EAL's heaps and the memzone table consist of: that elements cover the pages exactly, that free
 * lists, sums and counts are right, that free memory is zero and each zone a block in use. It holds all their locks
 * meanwhile, so it is for tests and for looking at what went wrong. Empty: nothing was found.
 */
export function checkHeap(space: HeapSpace): HeapFinding[] {
  const words = new SharedWords(space);
  const heaps = Array.from({ length: MAX_HEAPS }, (_, index) => new HeapRecord(words, index)).filter(
    // external memory isn't mapped here
    ({ name, socketId }) => name !== '' && socketId < EXTERNAL_SOCKET_ID,
  );
  const findings = new Findings();
  return space.locks.mlock(() =>
    withLocks(space, heaps, () => {
      const elements = heaps.flatMap((heap) => {
        const chain = checkChain(words, heap, findings);
        checkFreeLists(words, heap, chain, findings);
        checkJoined(chain, findings);
        checkZeros(words, chain, findings);
        return chain;
      });
      elements.sort((a, b) => a.addr - b.addr);
      checkCoverage(words, elements, findings);
      checkMemzones(space, elements, findings);
      return findings.list;
    }),
  );
}

function withLocks<T>(space: HeapSpace, [heap, ...others]: readonly HeapRecord[], section: () => T): T {
  if (heap === undefined) return section();
  return space.locks.heap(heap.index, () => withLocks(space, others, section));
}

/** Something that is wrong with a heap. */
export interface HeapFinding {
  /** Address of the element, the heap or the zone in C processes. */
  readonly addr: number;
  readonly what: string;
}

/** Collects what a check finds. */
export class Findings {
  readonly list: HeapFinding[] = [];

  /** Notes `what` unless the condition holds. */
  expect(condition: boolean, addr: number, what: string): void {
    if (!condition) this.add(addr, what);
  }

  add(addr: number, what: string): void {
    this.list.push({ addr, what });
  }

  /** Runs a step; what it throws, for instance where a pointer leads nowhere, is a finding, too. */
  attempt(addr: number, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof MpError)) throw error;
      this.add(addr, error.message);
    }
  }
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** No chain is longer: one that is runs in a circle. */
const MAX_ELEMENTS = 2 ** 24;

/** Walks a heap's elements by address, checks each against its neighbours, and the sums. */
function checkChain(words: SharedWords, heap: HeapRecord, findings: Findings): Element[] {
  const elements: Element[] = [];
  findings.attempt(heap.addr, () => {
    let prev = 0;
    for (let addr = heap.first; addr !== 0; addr = elements.at(-1)?.next ?? 0) {
      const element = Element.at(words, addr);
      const isNew = addr > prev && elements.length < MAX_ELEMENTS;
      findings.expect(isNew, addr, `comes behind ${hex(prev)}, which is higher`);
      if (!isNew) return;
      findings.expect(element.prev === prev, addr, `prev is ${hex(element.prev)}, not ${hex(prev)}`);
      checkElement(words, heap, element, findings);
      elements.push(element);
      prev = addr;
    }
    findings.expect(heap.last === prev, heap.addr, `last is ${hex(heap.last)}, not ${hex(prev)}`);
  });
  checkSums(heap, elements, findings);
  return elements;
}

function checkElement(words: SharedWords, heap: HeapRecord, element: Element, findings: Findings): void {
  const { addr, size, pad, state } = element;
  findings.expect(element.heap === heap.addr, addr, `heap is ${hex(element.heap)}, not ${hex(heap.addr)}`);
  findings.expect(size > HEADER && size % 64 === 0, addr, `size is ${size}`);
  findings.expect(state === ElementState.FREE || state === ElementState.BUSY, addr, `state is ${state}`);
  findings.attempt(addr, () => {
    const list = ListRecord.at(words, element.list);
    const isWithin = list.base <= addr && element.end <= list.base + list.length;
    findings.expect(isWithin, addr, `isn't within its list, which is at ${hex(list.base)}`);
  });
  if (pad > 0 && state === ElementState.BUSY) checkPad(words, element, findings);
  if (state === ElementState.FREE) findings.expect(pad === 0, addr, `is free and has a pad of ${pad}`);
}

function checkPad(words: SharedWords, { addr, size, pad }: Element, findings: Findings): void {
  findings.expect(pad + HEADER < size, addr, `has a pad of ${pad} in ${size} bytes`);
  findings.attempt(addr, () => {
    const inner = Element.at(words, addr + pad);
    const isPad = inner.state === ElementState.PAD && inner.pad === pad && inner.size === size - pad;
    findings.expect(isPad, inner.addr, `isn't the inner header of ${hex(addr)}, whose pad is ${pad}`);
  });
}

function checkSums(heap: HeapRecord, elements: readonly Element[], findings: Findings): void {
  const busy = elements.filter(({ state }) => state === ElementState.BUSY).length;
  const bytes = elements.reduce((sum, { size }) => sum + size, 0);
  const { addr, allocCount, totalSize } = heap;
  findings.expect(allocCount === busy, addr, `alloc_count is ${allocCount}, busy elements are ${busy}`);
  findings.expect(totalSize === bytes, addr, `total_size is ${totalSize}, elements have ${bytes} bytes`);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Checks that elements cover the pages of all lists exactly: none twice, none left out, nothing where no page is. */
function checkCoverage(words: SharedWords, elements: readonly Element[], findings: Findings): void {
  for (const list of ListRecord.all(words)) {
    if (!list.feedsHeap) continue;
    const own = elements.filter((element) => element.list === list.addr);
    const covered = joined(
      own.map(({ addr, end }) => ({ start: addr, end })),
      findings,
    );
    const pages = joined(pagesOf(list), findings);
    for (const { start, end } of without(pages, covered)) {
      findings.add(start, `to ${hex(end)} are pages of list ${list.index} that no element covers`);
    }
    for (const { start, end } of without(covered, pages)) {
      findings.add(start, `to ${hex(end)} is in the heap, but there are no such pages`);
    }
  }
}

function pagesOf(list: ListRecord): Range[] {
  return list.segmentsInUse().map((segment) => {
    const start = list.base + segment * list.pageSize;
    return { start, end: start + list.pageSize };
  });
}

/** Ranges in ascending order, those that touch made one. */
function joined(ranges: readonly Range[], findings: Findings): Range[] {
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    findings.expect(last === undefined || last.end <= range.start, range.start, 'overlaps what is below it');
    if (last?.end === range.start) result[result.length - 1] = { start: last.start, end: range.end };
    else result.push(range);
  }
  return result;
}

/** What of `ranges` isn't in `others`, both joined. */
function without(ranges: readonly Range[], others: readonly Range[]): Range[] {
  return ranges.flatMap((range) => {
    const left: Range[] = [];
    let { start } = range;
    for (const other of others) {
      if (other.end <= start || other.start >= range.end) continue;
      if (other.start > start) left.push({ start, end: other.start });
      start = Math.max(start, other.end);
    }
    if (start < range.end) left.push({ start, end: range.end });
    return left;
  });
}
