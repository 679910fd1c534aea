import { struct } from '../../protocol/struct.js';
import { char, i32, u32, u64 } from '../../protocol/struct-types.js';

/**
 * The layouts of `struct rte_mem_config` (eal_memcfg.h) from 19.08 to 26.11, as frozen records. Code that depends on the
 * release or on the build reads the chosen record, and never the version.
 */

/** A: 19.08 to 23.07; B: 23.11 to 26.03 (one more spinlock); C: since 26.07 (three more words behind the lists). */
export type LayoutFamily = 'A' | 'B' | 'C';

/** Byte offsets in `struct rte_mem_config`. */
interface MemConfigOffsets {
  readonly mlock: number;
  readonly memoryHotplugLock: number;
  /** Absent before 20.08. */
  readonly mpStatus: number | undefined;
  readonly memzones: number;
  readonly memsegs: number;
  /** `mem_va_addr`, `mem_va_len`, `mem_va_page_sz`: the range that holds all lists. Since 26.07. */
  readonly memVa: number | undefined;
  readonly tailqHead: number;
  readonly mallocHeaps: number;
  readonly nextSocketId: number;
  readonly memCfgAddr: number;
  readonly legacyMem: number;
  readonly singleFileSegments: number;
  /** Since 19.11; 19.08 has another field here. */
  readonly tscHz: number;
}

/** The layout of `struct rte_mem_config` in a range of releases, for one size of cache line. */
export interface MemConfigLayout {
  readonly family: LayoutFamily;
  /** RTE_CACHE_LINE_SIZE of the primary's build, in bytes. */
  readonly cacheLine: 64 | 128;
  /** sizeof(struct rte_mem_config), the size of `config`. */
  readonly size: number;
  /** sizeof(struct malloc_heap) */
  readonly mallocHeapSize: number;
  /** First and last version word (RTE_VERSION) with this layout; ranges overlap where a release candidate was either. */
  readonly firstWord: number;
  readonly lastWord: number;
  readonly offsets: MemConfigOffsets;
  /** Format of rte_rwlock_t: a signed count of readers up to 22.07, flag bits and a count since 22.11. */
  readonly rwlock: 'signed-count' | 'flag-bits';
  /**
   * Subtracted from a block's size to find its free list: up to 23.03 a power of two is in the list of the sizes below it
   * (malloc_elem_free_list_index).
   */
  readonly freeListBias: 0 | 1;
  /** Names of hugepage files: `map_<L * 8192 + S>`, since 26.07 `map_<L>_<S>`. */
  readonly pageFile: 'file-id' | 'list-and-segment';
}

/** `struct rte_fbarray` (rte_fbarray.h), without what lies behind the word of its lock. */
export const FBARRAY = struct({
  name: char(64), // RTE_FBARRAY_NAME_LEN
  count: u32,
  len: u32,
  eltSize: u32,
  data: u64,
  lock: u32,
});

/** `struct rte_memseg_list` (rte_memory.h). */
export const MEMSEG_LIST = struct({
  base: u64,
  pageSize: u64,
  socketId: i32,
  /** Counter of changes of the list's pages (memory hotplug). */
  version: u32,
  length: u64,
  external: u32,
  heap: u32,
  array: FBARRAY,
});

/** `struct rte_memseg` (rte_memory.h). */
export const MEMSEG = struct({
  iova: u64,
  addr: u64,
  len: u64,
  hugepageSize: u64,
  socketId: i32,
  channels: u32,
  ranks: u32,
  flags: u32,
});

/** RTE_MAGIC (eal_memcfg.h), which the primary writes once its initialisation is complete. */
export const RTE_MAGIC = 19820526;
export const VERSION_OFFSET = 4;
/** RTE_MAX_MEMSEG_LISTS (rte_config.h), the same in every release. */
export const MAX_MEMSEG_LISTS = 128;
/** RTE_MAX_HEAPS (rte_config.h) */
export const MAX_HEAPS = 32;
/** offsetof(struct rte_tailq_head, name) */
export const TAILQ_NAME_OFFSET = 16;
/** RTE_MAX_MEMSEG_PER_LIST (rte_config.h), also the multiplier in hugepage file names up to 26.03. */
export const MAX_SEGMENTS_PER_LIST = 8192;

type Release = Omit<MemConfigLayout, 'cacheLine' | 'size' | 'mallocHeapSize' | 'offsets'>;
type Row = [LayoutFamily, number, number, Release['rwlock'], Release['freeListBias'], Release['pageFile']];

const ROWS: readonly Row[] = [
  ['A', 0x13080000, 0x1405ffff, 'signed-count', 1, 'file-id'], // 19.08.0-rc0 to 20.05
  ['A', 0x14080000, 0x1607ffff, 'signed-count', 1, 'file-id'], // 20.08.0-rc0 to 22.07
  ['A', 0x160b0000, 0x1706ffff, 'flag-bits', 1, 'file-id'], // 22.11.0-rc0 to 23.03
  ['A', 0x17070000, 0x170b0000, 'flag-bits', 0, 'file-id'], // 23.07.0-rc0 to 23.11.0-rc0
  ['B', 0x170b0000, 0x1a070062, 'flag-bits', 0, 'file-id'], // 23.11.0-rc0 to 26.07, the last of its release candidates
  ['C', 0x1a070000, 0x1a0bffff, 'flag-bits', 0, 'list-and-segment'], // 26.07.0-rc0 to 26.11
];

const MP_STATUS_SINCE = 0x14080000;
/** sizeof(struct rte_tailq_head), RTE_MAX_TAILQ times */
const TAILQS_SIZE = 48 * 32;
/** sizeof(struct malloc_heap) without its padding to a cache line. */
const MALLOC_HEAP_FIELDS = 176;

/** Lays the struct out. malloc_heaps is aligned to the cache line and its elements are padded to it, so all behind it moves. */
function layoutOf(release: Release, cacheLine: 64 | 128): MemConfigLayout {
  const { family, firstWord } = release;
  const roundUp = (size: number) => Math.ceil(size / cacheLine) * cacheLine;
  const memoryHotplugLock = family === 'A' ? 32 : 36; // since B behind ethdev_lock
  const memzones = family === 'A' ? 40 : 48;
  const memsegs = memzones + FBARRAY.size;
  const listsEnd = memsegs + MAX_MEMSEG_LISTS * MEMSEG_LIST.size;
  const tailqHead = family === 'C' ? listsEnd + 24 : listsEnd;
  const mallocHeaps = roundUp(tailqHead + TAILQS_SIZE);
  const mallocHeapSize = roundUp(MALLOC_HEAP_FIELDS);
  const nextSocketId = mallocHeaps + MAX_HEAPS * mallocHeapSize;
  const offsets = Object.freeze({
    mlock: 16,
    memoryHotplugLock,
    mpStatus: firstWord < MP_STATUS_SINCE ? undefined : memoryHotplugLock + 4,
    memzones,
    memsegs,
    memVa: family === 'C' ? listsEnd : undefined,
    tailqHead,
    mallocHeaps,
    nextSocketId,
    memCfgAddr: nextSocketId + 8,
    legacyMem: nextSocketId + 16,
    singleFileSegments: nextSocketId + 20,
    tscHz: nextSocketId + 24,
  });
  return Object.freeze({ ...release, cacheLine, size: roundUp(offsets.tscHz + 8), mallocHeapSize, offsets });
}

/** Every layout that this library knows; 128 bytes of cache line: generic arm64, ppc64. */
export const LAYOUTS: readonly MemConfigLayout[] = Object.freeze(
  ([64, 128] as const).flatMap((cacheLine) =>
    ROWS.map(([family, firstWord, lastWord, rwlock, freeListBias, pageFile]) =>
      layoutOf({ family, firstWord, lastWord, rwlock, freeListBias, pageFile }, cacheLine),
    ),
  ),
);
