// The hugepages of 2 MiB on this machine.
import { accessSync, constants, readFileSync } from 'node:fs';
import { hugeMounts } from '../../../sys/mounts.js';

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
  return hugeMounts()
    .filter(({ pageSize }) => pageSize === 2 ** 21)
    .map(({ dir }) => dir);
}

export function freeHugepages(): number {
  return Number(readOr(`${HUGEPAGE_POOL}/free_hugepages`, '0'));
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
