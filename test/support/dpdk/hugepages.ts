// The hugepages of 2 MiB on this machine.
import { accessSync, constants, readFileSync } from 'node:fs';

/** The kernel's pool of 2 MiB pages. */
export const HUGEPAGE_POOL = '/sys/kernel/mm/hugepages/hugepages-2048kB';

export interface Hugepages {
  /** A writable hugetlbfs mount with pages of 2 MiB. */
  readonly dir: string;
  readonly freePages: number;
}

/** The first usable mount, or undefined where there is none. */
export function findHugepages(): Hugepages | undefined {
  const dir = hugetlbfsMounts().find(isWritable);
  return dir === undefined ? undefined : { dir, freePages: freeHugepages() };
}

/** Every hugetlbfs mount with pages of 2 MiB, writable or not. */
export function hugetlbfsMounts(): string[] {
  return readOr('/proc/mounts', '')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type, options]) => type === 'hugetlbfs' && has2MiBPages(options ?? ''))
    .map(([, dir]) => unescapeMount(dir ?? ''));
}

export function freeHugepages(): number {
  return Number(readOr(`${HUGEPAGE_POOL}/free_hugepages`, '0'));
}

function has2MiBPages(options: string): boolean {
  const pageSize = /(?:^|,)pagesize=([^,]+)/.exec(options)?.[1];
  // a mount without the option has the default size
  return pageSize === undefined ? defaultPageSizeKiB() === 2048 : pageSize === '2M' || pageSize === '2048K';
}

function defaultPageSizeKiB(): number {
  return Number(/^Hugepagesize:\s+(\d+) kB/m.exec(readOr('/proc/meminfo', ''))?.[1] ?? 0);
}

/** The kernel writes blanks in a mount point as \040 and the like. */
function unescapeMount(dir: string): string {
  return dir.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
