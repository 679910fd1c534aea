import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MpError } from '../../../protocol/errors.js';
import { attachMemory } from '../../../shm/attach/attach.js';
import { pageFinderFor } from '../../../shm/attach/page-files.js';
import type { SharedMemory } from '../../../shm/attach/shared-memory.js';
import { parseMemConfig } from '../../../shm/layout/mem-config.js';
import { isInOtherMountNamespace, type Mount, mounts, mountsAt } from '../../../sys/mounts.js';
import { count, type DoctorCheck, type FindingText, resultOrError, type Target } from '../doctor-check.js';

/** Only a primary in Node can do without memory. */
export const noMemory: DoctorCheck = ({ isRunning, sharesMemory, directory }) => {
  if (!isRunning || sharesMemory) return undefined;
  return {
    severity: 'note',
    what: 'The primary has no shared memory: it is a Node process, opened without the option memory',
    evidence: `it is bound to mp_socket, and holds no lock on ${directory}/config`,
    fix: 'Messages work. For C secondaries and memzones, give openPrimary the option memory',
  };
};

/** A table's lock is held no longer than this, unless memory grows while a secondary is silent. */
const LOCK_TIMEOUT_MS = 1_000;

/** Attaches and reads the tables, as every user of the memory does. */
export const memoryUnusable: DoctorCheck = ({ sharesMemory, filePrefix, runtimeDir, directory }) => {
  if (!sharesMemory) return undefined;
  const error = resultOrError(() => {
    using memory = attachMemory({ filePrefix, runtimeDir, lockTimeoutMs: LOCK_TIMEOUT_MS });
    memory.memzones();
    memory.memsegs();
  });
  if (error === undefined) return undefined;
  if (error.code === 'ETIMEDOUT') {
    return {
      what: "A lock of the primary's memory stays taken: no process can look up or reserve memzones",
      evidence: error.message,
      fix: 'If memory is growing just now, wait 10 s (a silent secondary delays it that long). Otherwise a process was killed while it held the lock: restart the primary and its secondaries',
    };
  }
  return {
    what: "The primary's memory can not be attached",
    evidence: error.message,
    fix: `Is ${directory}/config that of an unmodified DPDK? Report it if it is`,
  };
};

/** Finds page files that are not where the primary's memory says that they are. */
export const hugetlbfs: DoctorCheck = (target) => {
  if (!target.sharesMemory) return undefined;
  const paths = pagePaths(target);
  if (paths instanceof MpError) {
    return {
      severity: 'warning',
      what: "The primary's pages have no files that can be reached from here",
      evidence: paths.message,
      fix: 'Start the primary with hugepages, or run as its user (or root) in its pid namespace',
    };
  }
  const missing = paths.filter((path) => !existsSync(path));
  const first = missing[0];
  if (first === undefined) return undefined;
  const dir = dirname(first);
  const found = mountsAt(dir).filter(({ type }) => type === 'hugetlbfs');
  const seen = `${missing.length} of ${count(paths.length, 'page file')} are not in ${dir}`;
  if (found.length === 0) return mountedElsewhere(dir, seen, target);
  return found.length > 1 ? mountedTwice(dir, seen, found) : unlinked(first, seen);
};

function mountedElsewhere(dir: string, seen: string, { primary }: Target): FindingText {
  const other = mounts().filter(({ type }) => type === 'hugetlbfs');
  const where = other.length === 0 ? 'nowhere' : `at ${other.map(({ point }) => point).join(', ')}`;
  const isOther = primary !== undefined && isInOtherMountNamespace(primary.pid);
  const throughProc = primary === undefined ? '' : `, or --huge-dir /proc/${primary.pid}/root${dir} as root`;
  return {
    what: `The primary's hugepages are in ${dir}, which is no hugetlbfs here: messages work, memzones do not`,
    evidence: `${seen}; hugetlbfs is mounted ${where}${isOther ? '; the primary is in another mount namespace' : ''}`,
    fix: `Mount that hugetlbfs here and name it with --huge-dir (option hugeDir)${throughProc}`,
  };
}

function mountedTwice(dir: string, seen: string, found: readonly Mount[]): FindingText {
  const point = found[0]?.point ?? dir;
  return {
    what: `${found.length} hugetlbfs are mounted over each other at ${point}: the last one hides the primary's pages`,
    evidence: `${seen}; /proc/self/mountinfo has ${point} ${found.length} times`,
    fix: `Unmount the last one: umount ${point}`,
  };
}

function unlinked(path: string, seen: string): FindingText {
  return {
    severity: 'warning',
    what: "The primary's page files were removed (--huge-unlink, or by hand): no C secondary can attach, and memzones need another way",
    evidence: `${seen}, such as ${path}`,
    fix: 'Start the primary without --huge-unlink, or map the pages through its descriptors: --unlinked (option unlinked), as its user or root',
  };
}

/** The files of all pages in use, each once; the error if they aren't known. Empty if another check reports an error. */
function pagePaths(target: Target): string[] | MpError {
  const { filePrefix, runtimeDir } = target;
  const memory = resultOrError(() => attachMemory({ filePrefix, runtimeDir, lock: false }));
  if (memory instanceof MpError) return []; // memory-unusable
  using attached = memory;
  return resultOrError(() => [...new Set(pathsOf(attached, target))]);
}

function pathsOf(memory: SharedMemory, { filePrefix, directory, primary }: Target): string[] {
  const path = `${directory}/config`;
  const config = parseMemConfig(readFileSync(path), path);
  const context = {
    runtimePath: directory,
    filePrefix,
    hugeDir: undefined,
    unlinked: false,
    pid: primary?.pid ?? 0,
    owner: statSync(path).uid,
    config,
  };
  return memory.memsegs().flatMap(({ addr }) => {
    const at = Number(addr);
    const list = config.lists.find(({ base, length }) => base <= at && at < base + length);
    if (list === undefined || list.external) return [];
    return [pageFinderFor(list, context).place(list, (at - list.base) / list.pageSize).path];
  });
}
