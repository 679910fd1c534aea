import { Element, ElementState } from '../element.js';
import type { HeapRecord } from '../heap-record.js';
import { HEADER } from '../heap-space.js';
import { ListRecord } from '../list-record.js';
import type { SharedWords } from '../shared-words.js';
import { type Findings, hex } from './findings.js';

/** No chain is longer: what goes on behind runs in a circle. */
const MAX_ELEMENTS = 2 ** 24;

/** Walks a heap's elements by address, checks each against its neighbours, and the sums. */
export function checkChain(words: SharedWords, heap: HeapRecord, findings: Findings): Element[] {
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
