// The shared memory of a primary in ordinary buffers: two NUMA nodes, pages of two sizes.

import { MpError } from '../../../../protocol/errors.js';
import { FbarrayTable } from '../../../../shm/heap/fbarray-table.js';
import { addStartPages, Heaps, initHeaps } from '../../../../shm/heap/heap.js';
import type { HeapSpace, PageRange } from '../../../../shm/heap/heap-space.js';
import { LAYOUTS, type MemConfigLayout } from '../../../../shm/layout/releases.js';
import { SharedLocks } from '../../../../shm/locks/shared-locks.js';

const CONFIG_ADDRESS = 0x100000000;
const ZONES = 100;
const ZONE_SIZE = 72;
const SEGMENT_SIZE = 48;
const MB = 2 ** 20;

/** A memseg list. */
export interface ImageList {
  readonly base: number;
  readonly pageSize: number;
  readonly socketId: number;
  readonly len: number;
}

export interface ImageOptions {
  /** A release's version word; 24.11 by default. */
  readonly versionWord?: number;
  readonly cacheLine?: 64 | 128;
  readonly legacy?: boolean;
  /** The physical address of a page; that of C processes by default. */
  readonly iovaOf?: (addr: number) => bigint;
  /** Pages of each list that are there from the start, and stay. */
  readonly startPages?: readonly number[];
  readonly zones?: number;
  /** Whether secondaries follow; true by default. */
  readonly sync?: () => boolean;
  /** Whether pages can be made; true by default. */
  readonly grows?: boolean;
}

export interface HeapImage {
  readonly space: HeapSpace;
  readonly lists: readonly ImageList[];
  readonly layout: MemConfigLayout;
  /** Requests to the secondaries, in order. */
  readonly synced: string[];
  /** How many pages of a list are there. */
  pagesOf(list: number): number;
  /** Free bytes of all heaps, without taking their locks. */
  freeBytes(): number;
}

export const IMAGE_LISTS: readonly ImageList[] = [
  { base: 0x100200000, pageSize: MB / 4, socketId: 0, len: 64 },
  { base: 0x110200000, pageSize: MB / 4, socketId: 1, len: 32 },
  { base: 0x120200000, pageSize: 2 * MB, socketId: 0, len: 4 },
];

export function layoutOf(versionWord: number, cacheLine: 64 | 128 = 64): MemConfigLayout {
  const found = LAYOUTS.find(
    (layout) =>
      layout.firstWord <= versionWord && versionWord <= layout.lastWord && layout.cacheLine === cacheLine,
  );
  if (found === undefined) throw new Error(`No layout for ${versionWord.toString(16)}.`);
  return found;
}

export function heapImage(options: ImageOptions = {}): HeapImage {
  const { versionWord = 0x180b0863, cacheLine = 64, startPages = [8, 4, 0], zones = ZONES } = options;
  const layout = layoutOf(versionWord, cacheLine);
  const config = new DataView(new ArrayBuffer(layout.size));
  const memories = IMAGE_LISTS.map(({ len, pageSize }) => new ArrayBuffer(len * pageSize));
  const arrays = IMAGE_LISTS.map(({ len }) => fbarrayFile(len, SEGMENT_SIZE));
  const used = IMAGE_LISTS.map(({ len }) => new Array<boolean>(len).fill(false));
  const synced: string[] = [];
  config.setUint32(4, versionWord, true);
  config.setUint32(layout.offsets.legacyMem, options.legacy === true ? 1 : 0, true);
  IMAGE_LISTS.forEach(({ base, pageSize, socketId, len }, i) => {
    const at = layout.offsets.memsegs + i * 136;
    config.setBigUint64(at, BigInt(base), true);
    config.setBigUint64(at + 8, BigInt(pageSize), true);
    config.setInt32(at + 16, socketId, true);
    config.setBigUint64(at + 24, BigInt(len * pageSize), true);
    config.setUint32(at + 36, 1, true);
  });
  const zoneFile = fbarrayFile(zones, ZONE_SIZE);
  const memzones = layout.offsets.memzones;
  describeArray(config, memzones, 'memzone', zones, ZONE_SIZE);
  const tables = IMAGE_LISTS.map(({ len }, i) => {
    const offset = layout.offsets.memsegs + i * 136 + 40;
    describeArray(config, offset, `memseg-${i}`, len, SEGMENT_SIZE);
    const file = new Uint8Array(arrays[i]!.buffer);
    return new FbarrayTable({ config, layout, offset, eltSize: SEGMENT_SIZE, file, path: 'memseg' });
  });

  const makePage = (list: number, segment: number, flags: number) => {
    const { base, pageSize, socketId } = IMAGE_LISTS[list]!;
    const addr = base + segment * pageSize;
    const at = segment * SEGMENT_SIZE;
    const array = arrays[list]!;
    array.setBigUint64(at, (options.iovaOf ?? BigInt)(addr), true);
    array.setBigUint64(at + 8, BigInt(addr), true);
    array.setBigUint64(at + 16, BigInt(pageSize), true);
    array.setBigUint64(at + 24, BigInt(pageSize), true);
    array.setInt32(at + 32, socketId, true);
    array.setUint32(at + 44, flags, true);
    used[list]![segment] = true;
    tables[list]!.setUsed(segment);
  };
  const placeOf = (addr: number, len: number) => {
    const list = IMAGE_LISTS.findIndex(
      (one) => one.base <= addr && addr + len <= one.base + one.len * one.pageSize,
    );
    const { base, pageSize } = IMAGE_LISTS[list] ?? { base: 0, pageSize: 1 };
    const first = Math.floor((addr - base) / pageSize);
    const last = Math.floor((addr + len - 1 - base) / pageSize);
    for (let segment = first; segment <= last; segment++) {
      if (list < 0 || !used[list]![segment])
        throw new MpError('EFAULT', `SIGSEGV at 0x${addr.toString(16)}+${len}`);
    }
    return { list, first, last, offset: addr - base };
  };
  const pages = {
    allocate(socketId: number, pageSize: number, n: number): PageRange | undefined {
      for (const [list, one] of IMAGE_LISTS.entries()) {
        if (one.socketId !== socketId || one.pageSize !== pageSize) continue;
        for (let first = 0; first + n <= one.len; first++) {
          if (used[list]!.slice(first, first + n).some((is) => is)) continue;
          for (let i = 0; i < n; i++) makePage(list, first + i, 0);
          const addr = one.base + first * pageSize;
          new Uint8Array(memories[list]!, first * pageSize, n * pageSize).fill(0);
          return { addr, len: n * pageSize };
        }
      }
      return undefined;
    },
    release(addr: number, len: number): void {
      const { list, first, last } = placeOf(addr, len);
      for (let i = first; i <= last; i++) {
        used[list]![i] = false;
        tables[list]!.setFree(i);
      }
      new Uint8Array(memories[list]!, addr - IMAGE_LISTS[list]!.base, len).fill(0xee);
    },
  };
  const space: HeapSpace = {
    layout,
    config,
    configAddress: CONFIG_ADDRESS,
    memzones: zoneFile,
    locks: new SharedLocks({ layout, config, path: 'config', lockTimeoutMs: 100 }),
    segments: (list) => arrays[list]!,
    view(addr, len) {
      const { list, offset } = placeOf(addr, len);
      return new DataView(memories[list]!, offset, len);
    },
    ...(options.grows === false
      ? {}
      : {
          pages,
          sync(action: string) {
            synced.push(action);
            return options.sync?.() ?? true;
          },
        }),
  };
  initHeaps(space, [0, 1]);
  startPages.forEach((n, list) => {
    for (let i = 0; i < n; i++) makePage(list, i, 1);
    const { base, pageSize } = IMAGE_LISTS[list]!;
    if (n > 0) addStartPages(space, { addr: base, len: n * pageSize });
  });
  return {
    space,
    lists: IMAGE_LISTS,
    layout,
    synced,
    freeBytes: () => new Heaps(space).all().reduce((sum, heap) => sum + heap.stats().freeBytes, 0),
    pagesOf: (list) => used[list]!.filter((is) => is).length,
  };
}

function fbarrayFile(len: number, eltSize: number): DataView {
  const masks = Math.ceil(len / 64);
  const file = new DataView(new ArrayBuffer(len * eltSize + 8 + masks * 8));
  file.setUint32(len * eltSize, masks, true);
  return file;
}

/** A `struct rte_fbarray`. */
function describeArray(config: DataView, at: number, name: string, len: number, eltSize: number): void {
  new Uint8Array(config.buffer).set(Buffer.from(name), at);
  config.setUint32(at + 68, len, true);
  config.setUint32(at + 72, eltSize, true);
}
