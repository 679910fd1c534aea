import { dirname } from 'node:path';
import { MpError } from '../../../protocol/errors.js';
import { attachMemory } from '../../../shm/attach/attach.js';
import { isInOtherMountNamespace, type Mount, mounts, mountsAt } from '../../../sys/mounts.js';
import { count, type DoctorCheck, type Finding } from '../finding.js';
import { type PrimaryPage, pageFiles } from '../page-list.js';
import type { Patient } from '../patient.js';

/** Whether the files with the primary's pages are where the primary says that they are. */
export const hugetlbfs: DoctorCheck = {
  id: 'hugetlbfs',
  run(patient) {
    if (!patient.sharesMemory) return undefined;
    const { files, problem } = pageFiles(patient);
    if (problem !== undefined) return unlinkedOrHidden(problem);
    const missing = files.filter(({ exists }) => !exists);
    const first = missing[0];
    if (first === undefined) return undefined;
    const dir = dirname(first.path);
    const found = mountsAt(dir).filter(({ type }) => type === 'hugetlbfs');
    const seen = `${missing.length} of ${count(files.length, 'page file')} are not in ${dir}`;
    if (found.length === 0) return mountedElsewhere(dir, seen, patient);
    return found.length > 1 ? mountedTwice(dir, seen, found) : unlinked(seen, first);
  },
};

function mountedElsewhere(dir: string, seen: string, { primary }: Patient): Omit<Finding, 'id'> {
  const other = mounts().filter(({ type }) => type === 'hugetlbfs');
  const where = other.length === 0 ? 'nowhere' : `at ${other.map(({ point }) => point).join(', ')}`;
  const isOther = primary !== undefined && isInOtherMountNamespace(primary.pid);
  const throughProc = primary === undefined ? '' : `, or --huge-dir /proc/${primary.pid}/root${dir} as root`;
  return {
    severity: 'error',
    what: `The primary's hugepages are in ${dir}, which is no hugetlbfs here: messages work, memzones do not`,
    evidence: `${seen}; hugetlbfs is mounted ${where}${isOther ? '; the primary is in another mount namespace' : ''}`,
    fix: `Mount that hugetlbfs here and name it with --huge-dir (option hugeDir)${throughProc}`,
  };
}

function mountedTwice(dir: string, seen: string, found: readonly Mount[]): Omit<Finding, 'id'> {
  const point = found[0]?.point ?? dir;
  return {
    severity: 'error',
    what: `${found.length} hugetlbfs are mounted over each other at ${point}: the last one hides the primary's pages`,
    evidence: `${seen}; /proc/self/mountinfo has ${point} ${found.length} times`,
    fix: `Take the last one off: umount ${point}`,
  };
}

function unlinked(seen: string, { path }: PrimaryPage): Omit<Finding, 'id'> {
  return {
    severity: 'warning',
    what: "The primary's page files were removed (--huge-unlink, or by hand): no C secondary can attach, and memzones need another way",
    evidence: `${seen}, such as ${path}`,
    fix: 'Start the primary without --huge-unlink, or map the pages through its descriptors: --unlinked (option unlinked), as its user or root',
  };
}

function unlinkedOrHidden(problem: string): Omit<Finding, 'id'> {
  return {
    severity: 'warning',
    what: "The primary's pages have no files that can be reached from here",
    evidence: problem,
    fix: 'Start the primary with hugepages, or run as its user (or root) in its pid namespace',
  };
}

/** Nobody holds the lock of a table that long, unless memory grows while a secondary is silent. */
const LOCK_TIMEOUT_MS = 1_000;

/** Attaches and reads the tables, as every user of the memory has to. */
export const memoryUnusable: DoctorCheck = {
  id: 'memory-unusable',
  run({ sharesMemory, filePrefix, runtimeDir, directory }) {
    if (!sharesMemory) return undefined;
    try {
      const memory = attachMemory({ filePrefix, runtimeDir, lockTimeoutMs: LOCK_TIMEOUT_MS });
      memory.memzones();
      memory.memsegs();
      memory.detach();
      return undefined;
    } catch (error) {
      if (!(error instanceof MpError)) throw error;
      const isLocked = error.code === 'ETIMEDOUT';
      return {
        severity: 'error',
        what: isLocked
          ? "A lock of the primary's memory stays taken: nobody can look up or reserve memzones"
          : "The primary's memory can not be attached",
        evidence: error.message,
        fix: isLocked
          ? 'If memory grows just now, wait 10 s (a silent secondary holds it up that long). Else a process was killed while it held the lock: restart the primary and its secondaries'
          : `Is ${directory}/config that of an unmodified DPDK? Report it if it is`,
      };
    }
  },
};

/** A primary in Node may do without. */
export const noMemory: DoctorCheck = {
  id: 'no-memory',
  run({ isRunning, sharesMemory, directory }) {
    if (!isRunning || sharesMemory) return undefined;
    return {
      severity: 'note',
      what: 'The primary has no shared memory: it is no C process, and was opened without any',
      evidence: `it is bound to mp_socket, and holds no lock on ${directory}/config`,
      fix: 'Messages work. C secondaries can not attach, and there are no memzones: give openPrimary the option memory for those',
    };
  },
};
