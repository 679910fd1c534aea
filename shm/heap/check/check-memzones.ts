import { isFilled, MEMZONE_SIZE, readMemzone } from '../../layout/memzone-entry.js';
import { type Element, ElementState } from '../element.js';
import { FbarrayTable } from '../fbarray-table.js';
import { HEADER, type HeapSpace } from '../heap-space.js';
import type { Findings } from './findings.js';

const EMPTY = Buffer.alloc(MEMZONE_SIZE);

/** Checks the memzone table, and that each zone is a block in use. */
export function checkMemzones(space: HeapSpace, elements: readonly Element[], findings: Findings): void {
  const { config, configAddress, layout, memzones } = space;
  const { buffer, byteOffset, byteLength } = memzones.bytes;
  const offset = memzones.descriptorOffset;
  const file = new Uint8Array(buffer, byteOffset, byteLength);
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
