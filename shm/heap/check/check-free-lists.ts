import { type Element, ElementState, FREE_NEXT } from '../element.js';
import { FreeLists, freeListIndex } from '../free-lists.js';
import type { HeapRecord } from '../heap-record.js';
import { FREE_LISTS, HEADER } from '../heap-space.js';
import type { SharedWords } from '../shared-words.js';
import { type Findings, hex } from './findings.js';

const ZEROS = Buffer.alloc(2 ** 16);

/** Checks that a heap's free lists hold its free elements, each in the list of its size, and nothing else. */
export function checkFreeLists(
  words: SharedWords,
  heap: HeapRecord,
  elements: readonly Element[],
  findings: Findings,
): void {
  const missing = new Map(elements.filter(isFree).map((element) => [element.addr, element]));
  const lists = new FreeLists(words, heap);
  for (let list = 0; list < FREE_LISTS; list++) {
    findings.attempt(heap.headAddr(list), () => {
      let pointer = heap.headAddr(list);
      for (const { addr, size, freePrev } of lists.list(list)) {
        const index = freeListIndex(size - HEADER, words.space.layout);
        findings.expect(index === list, addr, `with ${size} bytes is in free list ${list}, not ${index}`);
        findings.expect(
          freePrev === pointer,
          addr,
          `is pointed to from ${hex(pointer)}, but says ${hex(freePrev)}`,
        );
        const isKnown = missing.delete(addr);
        findings.expect(isKnown, addr, `is in free list ${list} and no free element, or twice`);
        if (!isKnown) return;
        pointer = addr + FREE_NEXT;
      }
    });
  }
  for (const addr of missing.keys()) findings.add(addr, 'is free and in no free list');
}

/** Free elements side by side would have been joined. */
export function checkJoined(elements: readonly Element[], findings: Findings): void {
  elements.forEach((element, i) => {
    const next = elements[i + 1];
    if (next === undefined) return;
    const isApart = element.end !== next.addr || element.list !== next.list;
    const couldBeOne = !isApart && isFree(element) && isFree(next);
    findings.expect(!couldBeOne, element.addr, `and its neighbour ${hex(next.addr)} are both free`);
  });
}

/** Free memory that isn't marked dirty is zero: rte_zmalloc relies on it. */
export function checkZeros(words: SharedWords, elements: readonly Element[], findings: Findings): void {
  for (const { addr, size, dirty } of elements.filter(isFree)) {
    if (dirty) continue;
    findings.attempt(addr, () => {
      const used = firstUsed(words, addr + HEADER, addr + size);
      findings.expect(used === undefined, addr, `is free and clean, but isn't zero at ${hex(used ?? 0)}`);
    });
  }
}

/** The address of the first part of a range that isn't zero. */
function firstUsed(words: SharedWords, start: number, end: number): number | undefined {
  for (let addr = start; addr < end; addr += ZEROS.length) {
    const { buffer, byteOffset, byteLength } = words.view(addr, Math.min(ZEROS.length, end - addr));
    if (!ZEROS.subarray(0, byteLength).equals(new Uint8Array(buffer, byteOffset, byteLength))) return addr;
  }
  return undefined;
}

function isFree({ state }: Element): boolean {
  return state === ElementState.FREE;
}
