import { dirname } from 'node:path';
import { isInOtherMountNamespace, type Mount, mounts, mountsAt } from '../../../sys/mounts.js';
import { type Check, count, type Finding } from '../finding.js';
import { type PageFile, pageFiles } from '../page-list.js';
import type { Patient } from '../patient.js';

/** Whether the files with the primary's pages are where the primary says that they are. */
export const hugetlbfs: Check = {
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

function unlinked(seen: string, { path }: PageFile): Omit<Finding, 'id'> {
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
