import { readFileSync } from 'node:fs';

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
