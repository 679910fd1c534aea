import { readFileSync } from 'node:fs';
import { linkOf, textOf } from './proc.js';

/** A line of /proc/<pid>/mountinfo. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Of its file system, `major:minor` in decimal: btrfs tells another one in `stat`. */
  readonly device: string;
}

/** `36 35 98:0 /root /point options [optional…] - type source super-options`. */
const LINE = /^\d+ \d+ (\S+) \S+ (\S+) .* - (\S+) /;

/** What is mounted in our mount namespace, in the order in which it was; a later one hides an earlier one. */
export function mounts(): Mount[] {
  return (textOf('/proc/self/mountinfo') ?? '').split('\n').flatMap((line) => {
    const [, device, point, type] = LINE.exec(line) ?? [];
    if (device === undefined || point === undefined || type === undefined) return [];
    return [{ point: unescapePath(point), type, device }];
  });
}

/** The mounts at the mount point that `path` is in: the last one is what is seen there. */
export function mountsAt(path: string, all = mounts()): Mount[] {
  const points = all.map(({ point }) => point).filter((point) => isWithin(path, point));
  const nearest = points.reduce((longest, point) => (point.length > longest.length ? point : longest), '');
  return all.filter(({ point }) => point === nearest);
}

function isWithin(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/** The kernel writes a blank as \040 and the like. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whether a process sees other mounts than we; `undefined` where that isn't ours to know. */
export function isInOtherMountNamespace(pid: number): boolean | undefined {
  const theirs = linkOf(`/proc/${pid}/ns/mnt`);
  return theirs === undefined ? undefined : theirs !== linkOf('/proc/self/ns/mnt');
}

/** Where a file system of hugepages is mounted, and the size of its pages in bytes. */
export interface HugeMount {
  readonly dir: string;
  readonly pageSize: number;
}

const UNITS: Readonly<Record<string, number>> = Object.freeze({ K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 });
const KIB = 1024;

/** The hugetlbfs mounts of this process's mount namespace. */
export function hugeMounts(): HugeMount[] {
  const mounts: HugeMount[] = [];
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, dir = '', type, options = ''] = line.split(' ');
    if (type !== 'hugetlbfs') continue;
    const [, number, unit = ''] = /(?:^|,)pagesize=(\d+)([KMG])/.exec(options) ?? [];
    const pageSize = number === undefined ? defaultPageSize() : Number(number) * (UNITS[unit] ?? 1);
    if (pageSize !== undefined) mounts.push({ dir: decodeOctal(dir), pageSize });
  }
  return mounts;
}

/** Hugepages of this size that nobody has; 0 where the kernel has none of the size. */
export function freeHugepages(pageSize: number): number {
  try {
    const folder = `/sys/kernel/mm/hugepages/hugepages-${pageSize / KIB}kB`;
    const read = (name: string) => Number(readFileSync(`${folder}/${name}`, 'utf8'));
    return read('free_hugepages') - read('resv_hugepages') + overcommit(read);
  } catch {
    return 0; // no such size
  }
}

/** What the kernel may add on demand. */
function overcommit(read: (name: string) => number): number {
  return Math.max(0, read('nr_overcommit_hugepages') - read('surplus_hugepages'));
}

/** What a mount has that says nothing of its page size. */
function defaultPageSize(): number | undefined {
  const kib = /^Hugepagesize:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return kib === undefined ? undefined : Number(kib) * KIB;
}

/** The kernel writes blanks in paths as octal numbers there. */
function decodeOctal(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
