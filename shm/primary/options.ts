import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { type HugeMount, hugeMounts } from '../../sys/mounts.js';
import { isPageSize } from '../layout/fields.js';
import { LAYOUTS, MAX_SEGMENTS_PER_LIST, type MemConfigLayout } from '../layout/releases.js';
import { LOCK_TIMEOUT_MS } from '../locks/lock-wait.js';
import { MAX_TAILQ_NAME, MAX_TAILQS, TAILQ_NAMES } from './tailqs.js';
import { installedVersion, versionWordOf } from './version.js';

/**
 * Shared memory for a primary to make: the option `memory` of `openPrimary`, which replaces the EAL options of C's
 * `rte_eal_init`. The memory lives until the channel is closed or the process ends.
 *
 * Invalid values throw `EINVAL` before anything is written; see `openPrimary` for the other errors.
 *
 * @example
 * const memory = { hugepages: 8, version: '22.11.11', worker: true };
 * await using channel = await openPrimary({ filePrefix: 'rte', memory });
 *
 * @example
 * await using channel = await openPrimary({ memory: { hugepages: 0, hugeDir: '/dev/shm' } }); // no hugepages at all
 */
export interface PrimaryMemoryOptions {
  /**
   * Number of hugepages to begin with, 1 to 8,192 (EAL's `-m` gives the size of the same memory); the memory grows when an
   * allocation needs more. 0 or `false`: no hugepages, but ordinary files in `<runtimeDir>/<filePrefix>/pages`, which C
   * secondaries attach as well. Throws `ENOMEM` where fewer are free, `ENOTSUP` where hugetlbfs isn't mounted.
   */
  readonly hugepages: number | boolean;
  /** Size of each page in bytes; by default that of `hugeDir`, else of the first hugetlbfs mount, and 2 MiB without hugepages. */
  readonly pageSize?: number | undefined;
  /**
   * Directory of the page files: EAL's `--huge-dir`. By default the first hugetlbfs mount with pages of that size. Without
   * hugepages, any directory except the runtime directory itself. Throws `ENOENT` or `EACCES` where it can't be written to.
   */
  readonly hugeDir?: string | undefined;
  /**
   * The release of the C secondaries, with its minor number, such as `'22.11.11'`: they refuse any other one. From 20.11 to
   * 26.11, else throws `EVERSION`; it also decides on the wire dialect. By default the installed release (of pkg-config, else
   * of librte_eal); without hugepages and without DPDK, 24.11.0. Node secondaries accept any.
   */
  readonly version?: string | undefined;
  /**
   * Frequency in Hz that C's `rte_get_tsc_hz` returns in secondaries; measured by default, which takes 20 ms. Throws `ENOTSUP`
   * where Node can't read the counter (builds with a shared OpenSSL).
   */
  readonly tscHz?: number | undefined;
  /**
   * `RTE_MAX_NUMA_NODES` of the secondaries' build (`rte_build_config.h`). By default that of x86: 32, up to 20.11 4. With a
   * wrong number, secondaries close a wrong descriptor of their own, and the channel emits `'warning'` (`ELAYOUT`).
   */
  readonly maxNumaNodes?: number | undefined;
  /** Names of tailqs that your secondaries register besides the 29 of DPDK's own libraries: at most 2. */
  readonly tailqs?: readonly string[] | undefined;
  /** Milliseconds that `reserve`, `free` and lookups wait for a lock of another process (`ETIMEDOUT`); 15,000 by default. */
  readonly lockTimeoutMs?: number | undefined;
  /**
   * Whether a worker thread answers EAL's own requests, so that no secondary waits for memory while the main thread is busy;
   * by default false: the event loop answers. The thread hands all other messages to the event loop, in order, and holds
   * up to 1,024 of them.
   */
  readonly worker?: boolean | undefined;
}

/** The release to make memory for where no release is given or installed: its layout is that of 23.11 to 26.03. */
const NODE_VERSION = '24.11.0';

/** Options with their defaults, checked as far as possible without writing anything. */
export interface MemoryPlan {
  readonly versionWord: number;
  readonly layout: MemConfigLayout;
  readonly pageSize: number;
  readonly startPages: number;
  /** Whether pages are hugepages. */
  readonly hugetlb: boolean;
  /** Directory of the page files; `undefined`: a folder of the runtime directory. */
  readonly hugeDir: string | undefined;
  readonly tscHz: number | undefined;
  readonly maxNumaNodes: number;
  readonly tailqs: readonly string[];
  readonly lockTimeoutMs: number;
  readonly worker: boolean;
}

/** Since 21.02, x86 builds have room for 32 nodes (RTE_MAX_NUMA_NODES), before that for 4. */
const MANY_NODES_SINCE = 0x15020000;
const ORDINARY_PAGE_SIZE = 2 ** 21;

/** Throws `EINVAL`, `EVERSION` or `ENOTSUP`, each with what to give instead. */
export function planMemory(options: PrimaryMemoryOptions): MemoryPlan {
  checkShape(options);
  const { hugepages, tscHz, tailqs = [], lockTimeoutMs = LOCK_TIMEOUT_MS, worker = false } = options;
  const version = options.version ?? installedVersion() ?? versionForNode(hugepages);
  const versionWord = versionWordOf(version);
  return Object.freeze({
    versionWord,
    layout: layoutOf(versionWord),
    ...placeOf(options),
    tscHz: tscHz === undefined ? undefined : wholeNumber('tscHz', tscHz, 1_000_000, 100_000_000_000),
    maxNumaNodes: wholeNumber('maxNumaNodes', options.maxNumaNodes ?? usualNodes(versionWord), 1, 1024),
    tailqs: allTailqs(tailqs),
    lockTimeoutMs: wholeNumber('lockTimeoutMs', lockTimeoutMs, 0, 3_600_000),
    worker,
  });
}

function usualNodes(versionWord: number): number {
  return versionWord >= MANY_NODES_SINCE ? 32 : 4;
}

function checkShape(options: PrimaryMemoryOptions): void {
  if (typeof options !== 'object' || options === null) throw invalid('', options, 'an object');
  const { hugepages, worker = false } = options;
  if (hugepages === true) throw invalid('hugepages', hugepages, 'the number of pages to begin with');
  if (hugepages !== false) wholeNumber('hugepages', hugepages, 0, MAX_SEGMENTS_PER_LIST);
  if (options.version !== undefined && typeof options.version !== 'string')
    throw invalid('version', options.version, "a string such as '22.11.11'");
  if (typeof worker !== 'boolean') throw invalid('worker', worker, 'true or false');
}

type Place = Pick<MemoryPlan, 'pageSize' | 'startPages' | 'hugetlb' | 'hugeDir'>;

function placeOf({ hugepages, pageSize, hugeDir: folder }: PrimaryMemoryOptions): Place {
  const hugeDir = folder === undefined ? undefined : realFolder(folder);
  if (pageSize !== undefined && !isPageSize(pageSize))
    throw invalid('pageSize', pageSize, 'bytes, a power of two from 4096 to 2^34');
  if (hugepages === false || hugepages === 0)
    return { pageSize: pageSize ?? ORDINARY_PAGE_SIZE, startPages: 1, hugetlb: false, hugeDir };
  const mount = findMount(pageSize, hugeDir);
  const startPages = Number(hugepages);
  return { pageSize: mount.pageSize, startPages, hugetlb: true, hugeDir: mount.dir };
}

function findMount(pageSize: number | undefined, hugeDir: string | undefined) {
  const mounts = hugeMounts();
  const candidates = hugeDir === undefined ? mounts : [mountOf(hugeDir, mounts)];
  const found = candidates.find((mount) => pageSize === undefined || pageSize === mount?.pageSize);
  if (found !== undefined) return { pageSize: found.pageSize, dir: hugeDir ?? found.dir };
  const known = mounts.map(({ dir, pageSize: size }) => `${dir} (${size} bytes)`).join(', ') || 'none';
  const wanted = [
    ...(hugeDir === undefined ? [] : [`at ${hugeDir}`]),
    ...(pageSize === undefined ? [] : [`with pages of ${pageSize} bytes`]),
  ].join(' ');
  throw new MpError(
    'ENOTSUP',
    `No hugetlbfs is mounted ${wanted || 'here'} (mounts: ${known}): mount one (mount -t hugetlbfs nodev /mnt/huge), or set memory.hugepages to 0 for memory without hugepages`,
  );
}

/** Returns the innermost mount: mounts may be within others, with pages of another size. */
function mountOf(folder: string, mounts: readonly HugeMount[]): HugeMount | undefined {
  return mounts
    .filter(({ dir }) => folder === dir || folder.startsWith(`${dir}/`))
    .reduce<HugeMount | undefined>(
      (a, b) => (a === undefined || b.dir.length >= a.dir.length ? b : a),
      undefined,
    );
}

/** Returns the absolute path, which secondaries with another working directory get. */
function realFolder(path: string): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw invalid('hugeDir', path, 'the path of a directory');
  try {
    if (!statSync(path).isDirectory()) throw invalid('hugeDir', path, 'a directory');
    accessSync(path, constants.W_OK | constants.X_OK);
    return realpathSync(path);
  } catch (error) {
    if (error instanceof MpError) throw error;
    throw new MpError(
      (error as NodeJS.ErrnoException).code ?? 'EIO',
      `Option memory.hugeDir is '${path}', which is not writable: give a directory that is`,
      { path, cause: error },
    );
  }
}

/** Returns the release for Node secondaries: without DPDK there can be no C process. */
function versionForNode(hugepages: number | boolean): string {
  if (hugepages === false || hugepages === 0) return NODE_VERSION;
  throw new MpError(
    'EINVAL',
    "No DPDK is installed here, so the release of the C secondaries is not known: give it with memory.version, such as '22.11.11' (the first line of a secondary's log, or pkg-config --modversion libdpdk on its machine)",
  );
}

/** Returns the layout with cache lines of 64 bytes: others exist only on arm64 and ppc64. */
function layoutOf(versionWord: number): MemConfigLayout {
  // where two ranges overlap in release candidates, the later one is that of the release
  const found = LAYOUTS.findLast(
    ({ cacheLine, firstWord, lastWord }) =>
      cacheLine === 64 && firstWord <= versionWord && versionWord <= lastWord,
  );
  if (found !== undefined) return found;
  throw new MpError(
    'EVERSION',
    `No layout is known for the version word 0x${versionWord.toString(16)}: give memory.version a release from 20.11 to 26.11`,
  );
}

function allTailqs(more: readonly string[]): readonly string[] {
  if (!Array.isArray(more)) throw invalid('tailqs', more, 'a list of names');
  const names = [...new Set([...TAILQ_NAMES, ...more])];
  for (const name of names) {
    if (typeof name !== 'string' || !/^[\x21-\x7e]+$/.test(name) || name.length > MAX_TAILQ_NAME)
      throw invalid('tailqs', name, `names of 1 to ${MAX_TAILQ_NAME} printable characters`);
  }
  if (names.length > MAX_TAILQS)
    throw invalid('tailqs', more.length, `at most ${MAX_TAILQS - TAILQ_NAMES.length} more`);
  return names;
}

function wholeNumber(option: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  throw invalid(option, value, `a whole number from ${least} to ${most}`);
}

function invalid(option: string, value: unknown, allowed: string): MpError {
  const name = option === '' ? 'memory' : `memory.${option}`;
  return new MpError(
    'EINVAL',
    `Option ${name} is ${typeof value === 'string' ? `'${value}'` : String(value)}: give ${allowed}`,
  );
}
