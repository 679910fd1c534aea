import { SharedFile } from './attach/shared-file.js';
import { layoutError } from './errors.js';
import { readPath } from './layout/fields.js';

/** Which hugetlbfs directory has pages of which size: `struct hugepage_info` (eal_internal_cfg.h). */
export type HugeDirs = ReadonlyMap<number, string>;

export const HUGEPAGE_INFO_ENTRIES = 3; // MAX_HUGEPAGE_SIZES
export const HUGEPAGE_INFO_DIR = 8;
export const HUGEPAGE_INFO_PATH_MAX = 4096;
/** The array of free pages per NUMA node, the descriptor and padding: at least 1 node, at most 1024. */
const MIN_ENTRY = HUGEPAGE_INFO_DIR + HUGEPAGE_INFO_PATH_MAX + 8;
const MAX_ENTRY = HUGEPAGE_INFO_DIR + HUGEPAGE_INFO_PATH_MAX + 4 * 1024 + 8;

/** Reads `hugepage_info`; the size of its entries depends on the build, the file's size tells. */
export function readHugeDirs(runtimePath: string): HugeDirs {
  const file = SharedFile.open(`${runtimePath}/hugepage_info`);
  try {
    const { size, path } = file;
    const entrySize = size / HUGEPAGE_INFO_ENTRIES;
    if (entrySize % 8 !== 0 || entrySize < MIN_ENTRY || entrySize > MAX_ENTRY) {
      throw layoutError(
        path,
        'the file size',
        size,
        `${HUGEPAGE_INFO_ENTRIES} entries of 4112 to 8208 bytes`,
      );
    }
    return parseHugeDirs(file.read(Buffer.alloc(size), 0), entrySize, path);
  } finally {
    file.close();
  }
}

function parseHugeDirs(bytes: Buffer, entrySize: number, path: string): HugeDirs {
  const dirs = new Map<number, string>();
  for (let i = 0; i < HUGEPAGE_INFO_ENTRIES; i++) {
    const pageSize = Number(bytes.readBigUInt64LE(i * entrySize));
    const dir = readPath(
      { bytes, path },
      i * entrySize + HUGEPAGE_INFO_DIR,
      HUGEPAGE_INFO_PATH_MAX,
      `hugepage_info[${i}].hugedir`,
    );
    // a page size without a mount leaves an entry without a directory
    if (dir === '') continue;
    if (!dir.startsWith('/')) throw layoutError(path, `hugepage_info[${i}].hugedir`, dir, 'an absolute path');
    dirs.set(pageSize, dir);
  }
  return dirs;
}
