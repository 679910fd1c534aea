// The files of a C primary's runtime directory, built from the tables of the layout reference. The offsets are written down here
// once more, so that the code under test is compared with them and not with itself.

/** Fields of a `struct rte_memzone`. */
interface ZoneImage {
  readonly name: string;
  readonly addr: number;
  readonly len: number;
  readonly socketId?: number;
  readonly hugepageSize?: number;
}

export interface ImageOptions {
  readonly family?: 'A' | 'B' | 'C';
  readonly cacheLine?: 64 | 128;
  readonly versionWord?: number;
  readonly magic?: number;
  readonly zones?: readonly ZoneImage[];
  /** Segments of the one list that have pages. */
  readonly pages?: readonly number[];
  readonly singleFile?: boolean;
  readonly hugeDir?: string;
  /** false: a primary that links EAL alone, since 24.11. */
  readonly tailqs?: boolean;
  /** Position of the list in memsegs[]; 0 by default. */
  readonly listIndex?: number;
}

export const PAGE_SIZE = 0x200000;
export const LIST_BASE = 0x100200000;
const SEGMENTS = 8192;
const ZONES = 2560;
const MAGIC = 0x012e6fee;

const VERSIONS = { A: 0x160b0b63, B: 0x180b0863, C: 0x1a070063 };
/** memzones, memsegs, tailq_head */
const FRONT = { A: [40, 136, 17544], B: [48, 144, 17552], C: [48, 144, 17576] } as const;
/** size, mem_cfg_addr, legacy_mem, single_file_segments */
const BACK = { 64: [25344, 25288, 25296, 25300], 128: [27520, 27400, 27408, 27412] } as const;

/** File name to content. */
export type Image = ReadonlyMap<string, Buffer>;

export function buildImage(options: ImageOptions = {}): Image {
  return new Map([
    ['config', buildConfig(options)],
    ['fbarray_memzone', buildArray(72, ZONES, (options.zones ?? []).map(zoneEntry))],
    ['fbarray_memseg-2048k-0-0', buildSegments(options.pages ?? [])],
    ['hugepage_info', buildHugepageInfo(options.hugeDir ?? '/dev/hugepages')],
  ]);
}

function buildConfig(options: ImageOptions): Buffer {
  const { family = 'A', cacheLine = 64 } = options;
  const [memzones, memsegs, tailqs] = FRONT[family];
  const [size, address, , single] = BACK[cacheLine];
  const config = Buffer.alloc(size);
  config.writeUInt32LE(options.magic ?? MAGIC, 0);
  config.writeUInt32LE(options.versionWord ?? VERSIONS[family], 4);
  descriptor(config, memzones, 'memzone', options.zones?.length ?? 0, ZONES, 72);
  if (family === 'C') {
    config.writeBigUInt64LE(BigInt(LIST_BASE), 17552); // mem_va_addr
    config.writeBigUInt64LE(BigInt(PAGE_SIZE), 17568); // mem_va_page_sz
  }
  list(config, memsegs + 136 * (options.listIndex ?? 0), options.pages?.length ?? 0);
  if (options.tailqs !== false) config.write('RTE_RING', tailqs + 16);
  config.writeBigUInt64LE(0x100000000n, address);
  config.writeUInt32LE(options.singleFile === true ? 1 : 0, single);
  return config;
}

function descriptor(into: Buffer, at: number, name: string, count: number, len: number, size: number): void {
  into.write(name, at);
  into.writeUInt32LE(count, at + 64);
  into.writeUInt32LE(len, at + 68);
  into.writeUInt32LE(size, at + 72);
}

function list(into: Buffer, at: number, count: number): void {
  into.writeBigUInt64LE(BigInt(LIST_BASE), at);
  into.writeBigUInt64LE(BigInt(PAGE_SIZE), at + 8);
  into.writeUInt32LE(1, at + 20);
  into.writeBigUInt64LE(BigInt(PAGE_SIZE * SEGMENTS), at + 24);
  into.writeUInt32LE(1, at + 36);
  descriptor(into, at + 40, 'memseg-2048k-0-0', count, SEGMENTS, 48);
}

function buildArray(size: number, len: number, entries: readonly Buffer[]): Buffer {
  const used = entries.map((_, i) => i);
  return fbarray(size, len, used, (array) => {
    entries.forEach((entry, i) => {
      entry.copy(array, i * size);
    });
  });
}

function buildSegments(pages: readonly number[]): Buffer {
  return fbarray(48, SEGMENTS, pages, (array) => {
    for (const page of pages) {
      array.writeBigUInt64LE(BigInt(LIST_BASE + page * PAGE_SIZE), page * 48 + 8);
      array.writeBigUInt64LE(BigInt(PAGE_SIZE), page * 48 + 16);
      array.writeBigUInt64LE(BigInt(PAGE_SIZE), page * 48 + 24);
    }
  });
}

function fbarray(size: number, len: number, used: readonly number[], fill: (array: Buffer) => void): Buffer {
  const masks = Math.ceil(len / 64);
  const head = size * len;
  const array = Buffer.alloc(Math.ceil((head + 8 + masks * 8) / 4096) * 4096);
  array.writeUInt32LE(masks, head);
  for (const index of used) {
    const at = head + 8 + (index >>> 3);
    array[at] = (array[at] ?? 0) | (1 << (index & 7));
  }
  fill(array);
  return array;
}

function zoneEntry(zone: ZoneImage): Buffer {
  const entry = Buffer.alloc(72);
  entry.write(zone.name, 0, 32, 'latin1');
  entry.writeBigUInt64LE(BigInt(zone.addr), 32);
  entry.writeBigUInt64LE(BigInt(zone.addr), 40);
  entry.writeBigUInt64LE(BigInt(zone.len), 48);
  entry.writeBigUInt64LE(BigInt(zone.hugepageSize ?? PAGE_SIZE), 56);
  entry.writeInt32LE(zone.socketId ?? 0, 64);
  return entry;
}

/** Three entries of the x86 build with 32 NUMA nodes; the first is a page size without a mount. */
function buildHugepageInfo(hugeDir: string): Buffer {
  const info = Buffer.alloc(3 * 4240);
  info.writeBigUInt64LE(0x40000000n, 0);
  info.writeBigUInt64LE(BigInt(PAGE_SIZE), 4240);
  info.write(hugeDir, 4240 + 8);
  return info;
}
