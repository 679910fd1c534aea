import { readFileSync } from 'node:fs';
import { linkOf, textOf } from './proc.js';

/** A line of /proc/<pid>/mountinfo. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** The file system's `major:minor` in decimal; for btrfs, `stat` tells another one. */
  readonly device: string;
  /** The file system's own options, separated by commas. */
  readonly options: string;
}

/** `36 35 98:0 /root /point options [optional…] - type source super-options`. */
const LINE = /^\d+ \d+ (\S+) \S+ (\S+) .* - (\S+) \S* (\S+)$/;

/** Returns the mounts of this process's mount namespace in mount order: a later mount hides an earlier one. */
export function mounts(): Mount[] {
  return (textOf('/proc/self/mountinfo') ?? '').split('\n').flatMap((line) => {
    const [, device, point, type, options] = LINE.exec(line) ?? [];
    if (device === undefined || point === undefined || type === undefined) return [];
    return [{ point: unescapePath(point), type, device, options: options ?? '' }];
  });
}

/** Returns the mounts at the mount point that `path` is in: processes see the last one. */
export function mountsAt(path: string, all = mounts()): Mount[] {
  const points = all.map(({ point }) => point).filter((point) => isWithin(path, point));
  const nearest = points.reduce((longest, point) => (point.length > longest.length ? point : longest), '');
  return all.filter(({ point }) => point === nearest);
}

function isWithin(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/** The kernel writes a blank as \040, and likewise a tab, a newline and a backslash. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whether a process sees other mounts than this one; `undefined` where this user may not know. */
export function isInOtherMountNamespace(pid: number): boolean | undefined {
  const theirs = linkOf(`/proc/${pid}/ns/mnt`);
  return theirs === undefined ? undefined : theirs !== linkOf('/proc/self/ns/mnt');
}

/** A mounted hugetlbfs, and the size of its pages in bytes. */
export interface HugeMount {
  readonly dir: string;
  readonly pageSize: number;
}

const UNITS: Readonly<Record<string, number>> = Object.freeze({ K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 });
const KIB = 1024;

/** Returns the hugetlbfs mounts of this process's mount namespace, in mount order. */
export function hugeMounts(): HugeMount[] {
  return mounts().flatMap(({ point, type, options }) => {
    if (type !== 'hugetlbfs') return [];
    const [, number, unit = ''] = /(?:^|,)pagesize=(\d+)([KMG])/.exec(options) ?? [];
    const pageSize = number === undefined ? defaultPageSize() : Number(number) * (UNITS[unit] ?? 1);
    return pageSize === undefined ? [] : [{ dir: point, pageSize }];
  });
}

/** Returns how many hugepages of this size are free and not reserved; 0 where the kernel has none of the size. */
export function freeHugepages(pageSize: number): number {
  try {
    const folder = `/sys/kernel/mm/hugepages/hugepages-${pageSize / KIB}kB`;
    const read = (name: string) => Number(readFileSync(`${folder}/${name}`, 'utf8'));
    const onDemand = Math.max(0, read('nr_overcommit_hugepages') - read('surplus_hugepages'));
    return read('free_hugepages') - read('resv_hugepages') + onDemand;
  } catch {
    return 0; // no such size
  }
}

/** Page size of a mount whose options don't name one. */
function defaultPageSize(): number | undefined {
  const kib = /^Hugepagesize:\s+(\d+) kB$/m.exec(textOf('/proc/meminfo') ?? '')?.[1];
  return kib === undefined ? undefined : Number(kib) * KIB;
}
