import { constants, openSync, statSync, writeFileSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { closeFile } from '../../sys/close-file.js';
import { fileError } from '../errors.js';
import { HUGEPAGE_INFO_DIR, HUGEPAGE_INFO_ENTRIES, HUGEPAGE_INFO_PATH_MAX } from '../hugepage-info.js';

// struct hugepage_info (eal_internal_cfg.h): hugepage_sz, hugedir, num_pages[RTE_MAX_NUMA_NODES], lock_descriptor
const NUM_PAGES = HUGEPAGE_INFO_DIR + HUGEPAGE_INFO_PATH_MAX;

export interface HugepageInfo {
  readonly pageSize: number;
  readonly dir: string;
  /** RTE_MAX_NUMA_NODES of the secondaries' build. */
  readonly maxNumaNodes: number;
  readonly pages: number;
}

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;

/** Writes `hugepage_info`, which tells secondaries where page files are. */
export function writeHugepageInfo(path: string, { pageSize, dir, maxNumaNodes, pages }: HugepageInfo): void {
  const lockDescriptor = NUM_PAGES + 4 * maxNumaNodes;
  const entrySize = Math.ceil((lockDescriptor + 4) / 8) * 8;
  const bytes = Buffer.alloc(HUGEPAGE_INFO_ENTRIES * entrySize);
  bytes.writeBigUInt64LE(BigInt(pageSize), 0);
  bytes.write(dir, HUGEPAGE_INFO_DIR, HUGEPAGE_INFO_PATH_MAX - 1);
  bytes.writeUInt32LE(pages, NUM_PAGES);
  // a secondary closes the descriptor that it finds, in the entries that aren't used as well: 0 is its stdin
  for (let i = 0; i < HUGEPAGE_INFO_ENTRIES; i++) bytes.writeInt32LE(-1, i * entrySize + lockDescriptor);
  let fd: number | undefined;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    writeFileSync(fd, bytes);
  } catch (error) {
    throw fileError(error, path, 'Cannot write');
  } finally {
    if (fd !== undefined) closeFile(fd);
  }
}

/** Notices secondaries that were built for another number of NUMA nodes: they cut `hugepage_info` to their own size. */
export class HugepageInfoWatch {
  readonly #path: string;
  readonly #size: number;
  #isKnown = false;

  /** To be made before anybody attaches. */
  constructor(path: string) {
    this.#path = path;
    this.#size = statSync(path).size;
  }

  /** What is wrong, once. */
  look(): MpError | undefined {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? this.#size;
    if (size === this.#size || this.#isKnown) return undefined;
    this.#isKnown = true;
    const nodes = Math.floor((size / HUGEPAGE_INFO_ENTRIES - NUM_PAGES - 4) / 4);
    return new MpError(
      'ELAYOUT',
      `A secondary of another build has attached: it has room for ${nodes - 1} or ${nodes} NUMA nodes (RTE_MAX_NUMA_NODES) and has closed a descriptor that isn't its own. Give memory.maxNumaNodes as that build has it`,
      { path: this.#path },
    );
  }
}
