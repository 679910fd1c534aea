const MB = 2 ** 20;
const GB = 2 ** 30;

/**
 * Flags of a reservation, to be added up: RTE_MEMZONE_* (rte_memzone.h). A page size that the memory doesn't have is
 * `ENOMEM`, except with `SIZE_HINT_ONLY`.
 *
 * @example
 * const flags = MemzoneFlag.PAGES_1GB | MemzoneFlag.SIZE_HINT_ONLY;
 * channel.memory.reserve('table', 4096, { flags });
 */
export const MemzoneFlag = Object.freeze({
  /** Pages of 2 MiB. */
  PAGES_2MB: 0x1,
  /** Pages of 1 GiB. */
  PAGES_1GB: 0x2,
  /** Page sizes are only a hint: pages of another size will do as well. */
  SIZE_HINT_ONLY: 0x4,
  /** Pages of 16 MiB. */
  PAGES_16MB: 0x100,
  /** Pages of 16 GiB. */
  PAGES_16GB: 0x200,
  /** Pages of 256 KiB. */
  PAGES_256KB: 0x10000,
  /** Pages of 256 MiB. */
  PAGES_256MB: 0x20000,
  /** Pages of 512 MiB. */
  PAGES_512MB: 0x40000,
  /** Pages of 4 GiB. */
  PAGES_4GB: 0x80000,
  /** Contiguous bus addresses. */
  IOVA_CONTIG: 0x100000,
});

const BY_PAGE_SIZE: ReadonlyMap<number, number> = new Map([
  [MB / 4, MemzoneFlag.PAGES_256KB],
  [2 * MB, MemzoneFlag.PAGES_2MB],
  [16 * MB, MemzoneFlag.PAGES_16MB],
  [256 * MB, MemzoneFlag.PAGES_256MB],
  [512 * MB, MemzoneFlag.PAGES_512MB],
  [GB, MemzoneFlag.PAGES_1GB],
  [4 * GB, MemzoneFlag.PAGES_4GB],
  [16 * GB, MemzoneFlag.PAGES_16GB],
]);

const KNOWN = Object.values(MemzoneFlag).reduce((all, flag) => all | flag, 0);

export function areKnownFlags(flags: number): boolean {
  return Number.isInteger(flags) && flags >= 0 && (flags & ~KNOWN) === 0 && flags <= KNOWN;
}

/** Whether the flags allow pages of this size [check_hugepage_sz, malloc_heap.c]. */
export function allowsPageSize(flags: number, pageSize: number): boolean {
  const sizes = sizesIn(flags);
  return sizes === 0 || (sizes & (BY_PAGE_SIZE.get(pageSize) ?? 0)) !== 0;
}

/** Returns the flags of the requested page sizes; 0: any size. */
export function sizesIn(flags: number): number {
  return flags & ~MemzoneFlag.SIZE_HINT_ONLY & ~MemzoneFlag.IOVA_CONTIG;
}

export function isOnlyHint(flags: number): boolean {
  return (flags & MemzoneFlag.SIZE_HINT_ONLY) !== 0;
}

export function withoutHint(flags: number): number {
  return flags & ~MemzoneFlag.SIZE_HINT_ONLY;
}
