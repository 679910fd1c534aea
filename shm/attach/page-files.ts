import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { MpError } from '../../protocol/errors.js';
import { withFileErrors } from '../../sys/errors.js';
import { linkOf } from '../../sys/proc.js';
import { isTrustedOwner } from '../../sys/runtime-owner.js';
import { layoutError, readAddress, readPath } from '../layout/fields.js';
import type { MemConfig } from '../layout/mem-config.js';
import type { MemsegList } from '../layout/memseg.js';
import { MAX_SEGMENTS_PER_LIST } from '../layout/releases.js';
import { type HugeDirs, readHugeDirs } from './hugepage-info.js';
import { SharedFile } from './shared-file.js';

/** Where the bytes of one page are. */
export interface PagePlace {
  readonly path: string;
  readonly offset: number;
}

/** Whose page files may be mapped: `undefined` is everybody's, since whoever wrote down their paths is trusted. */
export function ownerOfPages({ owner }: PageContext): number | undefined {
  return isTrustedOwner(owner) ? undefined : owner;
}

/** Finds the page of segment `segment` of a list. One implementation for each of EAL's memory modes. */
export interface PageFinder {
  place(list: MemsegList, segment: number): PagePlace;
}

/** What the modes need to know. */
export interface PageContext {
  readonly runtimePath: string;
  readonly filePrefix: string;
  /** Instead of the directory in `hugepage_info`. */
  readonly hugeDir: string | undefined;
  /** Whether pages without a name may be mapped through the primary's descriptors. */
  readonly unlinked: boolean;
  /** The primary's; 0 or less if it can't be seen from here. */
  readonly pid: number;
  readonly config: MemConfig;
  /** Who `config` belongs to. */
  readonly owner: number;
}

/** `eal_get_hugefile_path`: a file for each page, or one for each list with `--single-file-segments`. */
class HugepageFiles implements PageFinder {
  readonly #context: PageContext;
  #dirs: HugeDirs | undefined;

  constructor(context: PageContext) {
    this.#context = context;
  }

  place(list: MemsegList, segment: number): PagePlace {
    const { filePrefix, config } = this.#context;
    const start = `${this.#dirOf(list)}/${pageFileStart(filePrefix)}`;
    if (config.singleFileSegments) return { path: `${start}${list.index}`, offset: segment * list.pageSize };
    return {
      path: start + PAGE_FILE_NAMES[config.layout.pageFile](list.index, segment),
      offset: 0,
    };
  }

  #dirOf(list: MemsegList): string {
    const { hugeDir, runtimePath } = this.#context;
    if (hugeDir !== undefined) return hugeDir;
    this.#dirs ??= readHugeDirs(runtimePath);
    const dir = this.#dirs.get(list.pageSize);
    if (dir !== undefined) return dir;
    const known = [...this.#dirs.keys()].join(', ') || 'none';
    throw layoutError(`${runtimePath}/hugepage_info`, 'the page sizes', known, `${list.pageSize} among them`);
  }
}

/** What the names of a prefix's page files begin with (HUGEFILE_FMT, eal_filesystem.h). */
export function pageFileStart(filePrefix: string): string {
  return `${filePrefix}map_`;
}

/** What comes behind that. */
export const PAGE_FILE_NAMES = Object.freeze({
  'file-id': (list: number, segment: number) => `${list * MAX_SEGMENTS_PER_LIST + segment}`,
  'list-and-segment': (list: number, segment: number) => `${list}_${segment}`,
});

/** `--legacy-mem`: pages were sorted by physical address, only `hugepage_data` knows which is where. */
class LegacyFiles implements PageFinder {
  readonly #context: PageContext;
  #pages: ReadonlyMap<number, string> | undefined;

  constructor(context: PageContext) {
    this.#context = context;
  }

  place(list: MemsegList, segment: number): PagePlace {
    const { runtimePath, hugeDir } = this.#context;
    this.#pages ??= readLegacyPages(runtimePath);
    const address = list.base + segment * list.pageSize;
    const path = this.#pages.get(address);
    if (path === undefined) {
      const where = `${runtimePath}/hugepage_data`;
      throw layoutError(where, 'the page addresses', 'incomplete', `0x${address.toString(16)} among them`);
    }
    return { path: hugeDir === undefined ? path : `${hugeDir}/${basename(path)}`, offset: 0 };
  }
}

/** `--no-huge`: one memfd without a name, which only the primary's open descriptor leads to. */
class MemfdFiles implements PageFinder {
  readonly #context: PageContext;

  constructor(context: PageContext) {
    this.#context = context;
  }

  place(list: MemsegList, segment: number): PagePlace {
    const { pid } = this.#context;
    const path = findOpenFile(pid, (target) => target === '/memfd:nohuge (deleted)');
    if (path !== undefined) return { path, offset: segment * list.pageSize };
    throw new MpError(
      'ENOTSUP',
      `Primary ${pid} runs with --no-huge and its memory has no open descriptor that could be found: use a primary with hugepages`,
    );
  }
}

/** `--huge-unlink`: where there is no file of the name, the one that the primary has open is meant. */
class UnlinkedFiles implements PageFinder {
  readonly #named: PageFinder;
  readonly #pid: number;

  constructor(named: PageFinder, pid: number) {
    this.#named = named;
    this.#pid = pid;
  }

  place(list: MemsegList, segment: number): PagePlace {
    const named = this.#named.place(list, segment);
    if (existsSync(named.path)) return named;
    // the folder may have another name in the primary's mount namespace
    const suffix = `/${basename(named.path)} (deleted)`;
    const path = findOpenFile(this.#pid, (target) => target.endsWith(suffix));
    return path === undefined ? named : { ...named, path };
  }
}

/** The name of the array of the one list of `--no-huge` (eal_legacy_hugepage_init, eal_memory.c). */
const NOHUGE_ARRAY = 'nohugemem';

/** The mode that a list's pages are in, from the shared data alone. `ENOTSUP` for external memory. */
export function pageFinderFor(list: MemsegList, context: PageContext): PageFinder {
  if (list.external) {
    throw new MpError(
      'ENOTSUP',
      `Memory segment list ${list.index} is external memory (rte_malloc_heap_memory_add, rte_extmem_register): it belongs to the application, EAL has no file for it, so it can't be mapped`,
    );
  }
  if (context.config.legacyMem && list.array.name === NOHUGE_ARRAY) return new MemfdFiles(context);
  const named = context.config.legacyMem ? new LegacyFiles(context) : new HugepageFiles(context);
  return context.unlinked ? new UnlinkedFiles(named, context.pid) : named;
}

/** sizeof(struct hugepage_file), eal_hugepages.h */
const RECORD = 4136;
const FINAL_VA = 8;
const SIZE = 24;
const FILEPATH = 40;
const PATH_MAX = 4096;

/** Which file each page of a `--legacy-mem` primary is in, by the page's address: `hugepage_data`. */
function readLegacyPages(runtimePath: string): ReadonlyMap<number, string> {
  const file = SharedFile.open(`${runtimePath}/hugepage_data`);
  try {
    const { size, path } = file;
    if (size % RECORD !== 0) throw layoutError(path, 'the file size', size, `a multiple of ${RECORD}`);
    const pages = new Map<number, string>();
    for (let at = 0; at < size; at += RECORD) {
      const bytes = file.read(Buffer.alloc(RECORD), at);
      // there is room for every hugepage of the system; those in use come first
      if (bytes.readBigUInt64LE(SIZE) === 0n) break;
      const record = `hugepage_data[${at / RECORD}]`;
      const source = { bytes, path };
      pages.set(
        readAddress(source, FINAL_VA, `${record}.final_va`),
        readPath(source, FILEPATH, PATH_MAX, `${record}.filepath`),
      );
    }
    return pages;
  } finally {
    file.close();
  }
}

const NO_NAMES =
  "The primary's memory has no file names: run as its user, with the right to trace it (ptrace_scope), or as root";

/**
 * A path to a file that process `pid` has open and that has no name of its own any more: `/proc/<pid>/fd/<n>`, whose link
 * text `matches`. `undefined` if there is none. `EACCES` without the right to look (the same user and ptrace access),
 * `ENOTSUP` when the process can't be seen from here.
 */
function findOpenFile(pid: number, matches: (target: string) => boolean): string | undefined {
  if (pid <= 0) {
    throw new MpError(
      'ENOTSUP',
      "The primary's memory has no file names and its /proc entry can't be seen from here: run in its pid namespace",
    );
  }
  const folder = `/proc/${pid}/fd`;
  const names = withFileErrors(folder, () => readdirSync(folder), NO_NAMES);
  return names
    .map((name) => `${folder}/${name}`)
    .find((path) => {
      const target = linkOf(path);
      return target !== undefined && matches(target);
    });
}
