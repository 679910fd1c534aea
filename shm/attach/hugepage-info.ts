import { constants, openSync, statSync, writeFileSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { withFileErrors } from '../../sys/errors.js';
import { closeFile } from '../../sys/files.js';
import { layoutError, readPath } from '../layout/fields.js';
import { SharedFile } from './shared-file.js';

/** The hugetlbfs directories by the size of their pages: `struct hugepage_info` (eal_internal_cfg.h). */
export type HugeDirs = ReadonlyMap<number, string>;

const HUGEPAGE_INFO_ENTRIES = 3; // MAX_HUGEPAGE_SIZES
const HUGEPAGE_INFO_DIR = 8;
const HUGEPAGE_INFO_PATH_MAX = 4096;
/** An entry ends with the free pages per NUMA node, at least 1 node and at most 1024, the descriptor and padding. */
const MIN_ENTRY = HUGEPAGE_INFO_DIR + HUGEPAGE_INFO_PATH_MAX + 8;
const MAX_ENTRY = HUGEPAGE_INFO_DIR + HUGEPAGE_INFO_PATH_MAX + 4 * 1024 + 8;

/** Reads `hugepage_info`. The size of its entries depends on the primary's build; the size of the file shows it. */
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
    // the primary has no mount for this page size
    if (dir === '') continue;
    if (!dir.startsWith('/')) throw layoutError(path, `hugepage_info[${i}].hugedir`, dir, 'an absolute path');
    dirs.set(pageSize, dir);
  }
  return dirs;
}

// struct hugepage_info (eal_internal_cfg.h): hugepage_sz, hugedir, num_pages[RTE_MAX_NUMA_NODES], lock_descriptor
const NUM_PAGES = HUGEPAGE_INFO_DIR + HUGEPAGE_INFO_PATH_MAX;

interface HugepageInfo {
  readonly pageSize: number;
  readonly dir: string;
  /** `RTE_MAX_NUMA_NODES` of the secondaries' build. */
  readonly maxNumaNodes: number;
  readonly pages: number;
}

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;

/** Writes `hugepage_info`, which tells secondaries where the page files are. */
export function writeHugepageInfo(path: string, { pageSize, dir, maxNumaNodes, pages }: HugepageInfo): void {
  const lockDescriptor = NUM_PAGES + 4 * maxNumaNodes;
  const entrySize = Math.ceil((lockDescriptor + 4) / 8) * 8;
  const bytes = Buffer.alloc(HUGEPAGE_INFO_ENTRIES * entrySize);
  bytes.writeBigUInt64LE(BigInt(pageSize), 0);
  bytes.write(dir, HUGEPAGE_INFO_DIR, HUGEPAGE_INFO_PATH_MAX - 1);
  bytes.writeUInt32LE(pages, NUM_PAGES);
  // a secondary closes the descriptor of each entry, unused ones included, and 0 would be its stdin
  for (let i = 0; i < HUGEPAGE_INFO_ENTRIES; i++) bytes.writeInt32LE(-1, i * entrySize + lockDescriptor);
  const fd = withFileErrors(path, () => openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600));
  try {
    withFileErrors(path, () => writeFileSync(fd, bytes));
  } finally {
    closeFile(fd);
  }
}

/** Notices secondaries that were built for another number of NUMA nodes: they truncate `hugepage_info` to their own size. */
export class HugepageInfoWatch {
  readonly #path: string;
  readonly #size: number;
  #isKnown = false;

  /** Must run before any secondary attaches. */
  constructor(path: string) {
    this.#path = path;
    this.#size = statSync(path).size;
  }

  /** Returns what is wrong; only once. */
  look(): MpError | undefined {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? this.#size;
    if (size === this.#size || this.#isKnown) return undefined;
    this.#isKnown = true;
    const nodes = Math.floor((size / HUGEPAGE_INFO_ENTRIES - NUM_PAGES - 4) / 4);
    return new MpError(
      'ELAYOUT',
      `A secondary of another build has attached: it has room for ${nodes - 1} or ${nodes} NUMA nodes (RTE_MAX_NUMA_NODES), and closed a wrong descriptor of its own. Set memory.maxNumaNodes to the number of that build`,
      { path: this.#path },
    );
  }
}
