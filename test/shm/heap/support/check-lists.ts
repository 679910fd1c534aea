import { type Element, ElementState, FREE_NEXT } from '../../../../shm/heap/element.js';
import { FbarrayTable } from '../../../../shm/heap/fbarray-table.js';
import { FreeLists, freeListIndex, type HeapRecord } from '../../../../shm/heap/heap-record.js';
import { FREE_LISTS, HEADER, type HeapSpace } from '../../../../shm/heap/heap-space.js';
import type { SharedWords } from '../../../../shm/heap/shared-words.js';
import { isFilled, MEMZONE_SIZE, readMemzone } from '../../../../shm/layout/memzone-entry.js';
import { type Findings, hex } from './check-heap.js';

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

const EMPTY = Buffer.alloc(MEMZONE_SIZE);

/** Checks the memzone table, and that each zone is a block in use. */
export function checkMemzones(space: HeapSpace, elements: readonly Element[], findings: Findings): void {
  const { config, configAddress, layout, memzones: file } = space;
  const { memzones: offset } = layout.offsets;
  const tableAddr = configAddress + offset;
  findings.attempt(tableAddr, () => {
    const table = new FbarrayTable({
      config,
      layout,
      offset,
      eltSize: MEMZONE_SIZE,
      file,
      path: 'fbarray_memzone',
    });
    const used = new Set(table.used());
    findings.expect(table.count === used.size, tableAddr, `count is ${table.count}, used are ${used.size}`);
    const blocks = new Map(elements.filter(isBusy).map((element) => [firstByte(element), element]));
    const names = new Set<string>();
    for (let index = 0; index < table.len; index++) {
      const entry = table.entry(index);
      if (used.has(index)) checkZone(entry, index, { blocks, names, tableAddr }, findings);
      else if (!entry.equals(EMPTY)) findings.add(tableAddr, `entry ${index} is unused, and not zero`);
    }
  });
}

interface Seen {
  readonly blocks: Map<number, Element>;
  readonly names: Set<string>;
  readonly tableAddr: number;
}

function checkZone(
  entry: Buffer,
  index: number,
  { blocks, names, tableAddr }: Seen,
  findings: Findings,
): void {
  findings.expect(isFilled(entry), tableAddr, `entry ${index} is in use and empty`);
  if (!isFilled(entry)) return;
  const { name, addr, len } = readMemzone({ bytes: entry, path: 'fbarray_memzone' }, index);
  const element = blocks.get(addr);
  const zone = `memzone ${JSON.stringify(name)}`;
  findings.expect(!names.has(name), addr, `${zone} exists twice`);
  findings.expect(element !== undefined, addr, `${zone} isn't a block in use, or is one of another zone`);
  findings.expect(
    element === undefined || addr + len <= element.end,
    addr,
    `${zone} is longer than its block`,
  );
  names.add(name);
  blocks.delete(addr);
}

function isBusy({ state }: Element): boolean {
  return state === ElementState.BUSY;
}

function firstByte({ addr, pad }: Element): number {
  return addr + pad + HEADER;
}
