import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { MpError } from '../../protocol/errors.js';
import { withFileErrors } from '../../sys/errors.js';
import { linkOf } from '../../sys/proc.js';
import { layoutError, readAddress, readPath } from '../layout/fields.js';
import type { MemConfig } from '../layout/mem-config.js';
import type { MemsegList } from '../layout/memseg.js';
import { MAX_SEGMENTS_PER_LIST } from '../layout/releases.js';
import { type HugeDirs, readHugeDirs } from './hugepage-info.js';
import { SharedFile } from './shared-file.js';

/** The file and the offset of one page. */
export interface PagePlace {
  readonly path: string;
  readonly offset: number;
}

/** Finds the page of a segment, in one of EAL's memory modes. */
export interface PageFinder {
  place(list: MemsegList, segment: number): PagePlace;
}

/** The primary whose pages are to be found. */
export interface PageContext {
  readonly runtimePath: string;
  readonly filePrefix: string;
  /** Replaces the directory in `hugepage_info`. */
  readonly hugeDir: string | undefined;
  /** Whether pages without a name may be mapped through the primary's descriptors. */
  readonly unlinked: boolean;
  /** Pid of the primary; 0 or less if it can't be seen from here. */
  readonly pid: number;
  readonly config: MemConfig;
  /** The user that `config` belongs to. */
  readonly owner: number;
}

/** `eal_get_hugefile_path`: a file for each page, or one for each list with `--single-file-segments`. */
function hugepageFiles({ filePrefix, config, hugeDir, runtimePath }: PageContext): PageFinder {
  let dirs: HugeDirs | undefined;
  const dirOf = (pageSize: number) => {
    if (hugeDir !== undefined) return hugeDir;
    dirs ??= readHugeDirs(runtimePath);
    const dir = dirs.get(pageSize);
    if (dir !== undefined) return dir;
    const known = [...dirs.keys()].join(', ') || 'none';
    throw layoutError(`${runtimePath}/hugepage_info`, 'the page sizes', known, `${pageSize} among them`);
  };
  return {
    place({ index, pageSize }, segment) {
      const start = `${dirOf(pageSize)}/${pageFileStart(filePrefix)}`;
      if (config.singleFileSegments) return { path: `${start}${index}`, offset: segment * pageSize };
      return { path: start + PAGE_FILE_NAMES[config.layout.pageFile](index, segment), offset: 0 };
    },
  };
}

/** Returns the start of the names of a prefix's page files (HUGEFILE_FMT, eal_filesystem.h). */
export function pageFileStart(filePrefix: string): string {
  return `${filePrefix}map_`;
}

/** Return the rest of the name; see `MemConfigLayout.pageFile`. */
export const PAGE_FILE_NAMES = Object.freeze({
  'file-id': (list: number, segment: number) => `${list * MAX_SEGMENTS_PER_LIST + segment}`,
  'list-and-segment': (list: number, segment: number) => `${list}_${segment}`,
});

/** `--legacy-mem`: EAL sorted the pages by physical address, and only `hugepage_data` tells the file of each. */
function legacyFiles({ runtimePath, hugeDir }: PageContext): PageFinder {
  let pages: ReadonlyMap<number, string> | undefined;
  return {
    place(list, segment) {
      pages ??= readLegacyPages(runtimePath);
      const address = list.base + segment * list.pageSize;
      const path = pages.get(address);
      if (path !== undefined)
        return { path: hugeDir === undefined ? path : `${hugeDir}/${basename(path)}`, offset: 0 };
      const where = `${runtimePath}/hugepage_data`;
      throw layoutError(where, 'the page addresses', 'incomplete', `0x${address.toString(16)} among them`);
    },
  };
}

/** `--no-huge`: one memfd, which only the primary's open descriptor leads to. */
function memfdFiles({ pid }: PageContext): PageFinder {
  return {
    place(list, segment) {
      const path = findOpenFile(pid, (target) => target === '/memfd:nohuge (deleted)');
      if (path !== undefined) return { path, offset: segment * list.pageSize };
      throw new MpError(
        'ENOTSUP',
        `Primary ${pid} runs with --no-huge, and no open descriptor leads to its memory: use a primary with hugepages`,
      );
    },
  };
}

/** `--huge-unlink`: where there is no file of this name, takes the one that the primary has open. */
function unlinkedFiles(files: PageFinder, pid: number): PageFinder {
  return {
    place(list, segment) {
      const named = files.place(list, segment);
      if (existsSync(named.path)) return named;
      // the folder may have another name in the primary's mount namespace
      const suffix = `/${basename(named.path)} (deleted)`;
      const path = findOpenFile(pid, (target) => target.endsWith(suffix));
      return path === undefined ? named : { ...named, path };
    },
  };
}

/** The name of the array of the one list of `--no-huge` (eal_legacy_hugepage_init, eal_memory.c). */
const NOHUGE_ARRAY = 'nohugemem';

/** Chooses the memory mode of a list by the shared data alone. Throws `ENOTSUP` for external memory. */
export function pageFinderFor(list: MemsegList, context: PageContext): PageFinder {
  if (list.external) {
    throw new MpError(
      'ENOTSUP',
      `Memory segment list ${list.index} is external memory (rte_malloc_heap_memory_add, rte_extmem_register), which has no file to map: let the application share it, or use memory of EAL's heaps`,
    );
  }
  if (context.config.legacyMem && list.array.name === NOHUGE_ARRAY) return memfdFiles(context);
  const named = context.config.legacyMem ? legacyFiles(context) : hugepageFiles(context);
  return context.unlinked ? unlinkedFiles(named, context.pid) : named;
}

/** sizeof(struct hugepage_file), eal_hugepages.h */
const RECORD = 4136;
const FINAL_VA = 8;
const SIZE = 24;
const FILEPATH = 40;
const PATH_MAX = 4096;

/** Reads `hugepage_data`: the file of each page of a `--legacy-mem` primary, by the page's address. */
function readLegacyPages(runtimePath: string): ReadonlyMap<number, string> {
  const file = SharedFile.open(`${runtimePath}/hugepage_data`);
  try {
    const { size, path } = file;
    if (size % RECORD !== 0) throw layoutError(path, 'the file size', size, `a multiple of ${RECORD}`);
    const pages = new Map<number, string>();
    for (let at = 0; at < size; at += RECORD) {
      const bytes = file.read(Buffer.alloc(RECORD), at);
      // the array has room for every hugepage of the system; the pages in use come first
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
 * Returns the path `/proc/<pid>/fd/<n>` of the first descriptor of a process whose link text `matches`, to open a file that
 * has no name any more; `undefined` if there is none. Throws `EACCES` without the right to look (the same user and ptrace
 * access), `ENOTSUP` when the process can't be seen from here.
 */
function findOpenFile(pid: number, matches: (target: string) => boolean): string | undefined {
  if (pid <= 0) {
    throw new MpError(
      'ENOTSUP',
      "The primary's memory has no file names, and its /proc entry can't be seen from here: run in its pid namespace",
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
