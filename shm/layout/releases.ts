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

/** RTE_MAGIC (eal_memcfg.h), which the primary writes once its initialisation is complete. */
export const RTE_MAGIC = 19820526;
export const VERSION_OFFSET = 4;
/** RTE_MAX_MEMSEG_LISTS (rte_config.h), the same in every release. */
export const MAX_MEMSEG_LISTS = 128;
/** sizeof(struct rte_memseg_list) */
export const MEMSEG_LIST_SIZE = 136;
/** RTE_MAX_HEAPS (rte_config.h) */
export const MAX_HEAPS = 32;
/** offsetof(struct rte_tailq_head, name) */
export const TAILQ_NAME_OFFSET = 16;
/** RTE_MAX_MEMSEG_PER_LIST (rte_config.h), also the multiplier in hugepage file names up to 26.03. */
export const MAX_SEGMENTS_PER_LIST = 8192;

type FrontOffsets = Pick<
  MemConfigOffsets,
  'mlock' | 'memoryHotplugLock' | 'mpStatus' | 'memzones' | 'memsegs' | 'memVa' | 'tailqHead'
>;
type BackOffsets = Omit<MemConfigOffsets, keyof FrontOffsets>;

const FRONT_A_WITHOUT_STATUS: FrontOffsets = Object.freeze({
  mlock: 16,
  memoryHotplugLock: 32,
  mpStatus: undefined,
  memzones: 40,
  memsegs: 136,
  memVa: undefined,
  tailqHead: 17544,
});
const FRONT_A: FrontOffsets = Object.freeze({ ...FRONT_A_WITHOUT_STATUS, mpStatus: 36 });
const FRONT_B: FrontOffsets = Object.freeze({
  mlock: 16,
  memoryHotplugLock: 36, // behind ethdev_lock
  mpStatus: 40,
  memzones: 48,
  memsegs: 144,
  memVa: undefined,
  tailqHead: 17552,
});
const FRONT_C: FrontOffsets = Object.freeze({ ...FRONT_B, memVa: 17552, tailqHead: 17576 });

interface Build {
  readonly cacheLine: 64 | 128;
  readonly size: number;
  readonly mallocHeapSize: number;
  readonly offsets: BackOffsets;
}

// malloc_heaps is aligned to the cache line and its elements are padded to it, so all fields behind it move
const BUILDS: readonly Build[] = Object.freeze([
  Object.freeze({
    cacheLine: 64,
    size: 25344,
    mallocHeapSize: 192,
    offsets: Object.freeze({
      mallocHeaps: 19136,
      nextSocketId: 25280,
      memCfgAddr: 25288,
      legacyMem: 25296,
      singleFileSegments: 25300,
      tscHz: 25304,
    }),
  }),
  Object.freeze({
    cacheLine: 128, // generic arm64, ppc64
    size: 27520,
    mallocHeapSize: 256,
    offsets: Object.freeze({
      mallocHeaps: 19200,
      nextSocketId: 27392,
      memCfgAddr: 27400,
      legacyMem: 27408,
      singleFileSegments: 27412,
      tscHz: 27416,
    }),
  }),
]);

type Release = Omit<MemConfigLayout, 'cacheLine' | 'size' | 'mallocHeapSize' | 'offsets'> & {
  readonly offsets: FrontOffsets;
};

const RELEASES: readonly Release[] = Object.freeze([
  {
    family: 'A',
    firstWord: 0x13080000, // 19.08.0-rc0
    lastWord: 0x1405ffff, // 20.05
    offsets: FRONT_A_WITHOUT_STATUS,
    rwlock: 'signed-count',
    freeListBias: 1,
    pageFile: 'file-id',
  },
  {
    family: 'A',
    firstWord: 0x14080000, // 20.08.0-rc0
    lastWord: 0x1607ffff, // 22.07
    offsets: FRONT_A,
    rwlock: 'signed-count',
    freeListBias: 1,
    pageFile: 'file-id',
  },
  {
    family: 'A',
    firstWord: 0x160b0000, // 22.11.0-rc0
    lastWord: 0x1706ffff, // 23.03
    offsets: FRONT_A,
    rwlock: 'flag-bits',
    freeListBias: 1,
    pageFile: 'file-id',
  },
  {
    family: 'A',
    firstWord: 0x17070000, // 23.07.0-rc0
    lastWord: 0x170b0000, // 23.11.0-rc0
    offsets: FRONT_A,
    rwlock: 'flag-bits',
    freeListBias: 0,
    pageFile: 'file-id',
  },
  {
    family: 'B',
    firstWord: 0x170b0000, // 23.11.0-rc0
    lastWord: 0x1a070062, // 26.07, the last of its release candidates
    offsets: FRONT_B,
    rwlock: 'flag-bits',
    freeListBias: 0,
    pageFile: 'file-id',
  },
  {
    family: 'C',
    firstWord: 0x1a070000, // 26.07.0-rc0
    lastWord: 0x1a0bffff, // 26.11
    offsets: FRONT_C,
    rwlock: 'flag-bits',
    freeListBias: 0,
    pageFile: 'list-and-segment',
  },
] satisfies readonly Release[]);

/** Every layout that this library knows. */
export const LAYOUTS: readonly MemConfigLayout[] = Object.freeze(
  BUILDS.flatMap(({ cacheLine, size, mallocHeapSize, offsets }) =>
    RELEASES.map((release) =>
      Object.freeze({
        ...release,
        cacheLine,
        size,
        mallocHeapSize,
        offsets: Object.freeze({ ...release.offsets, ...offsets }),
      }),
    ),
  ),
);
