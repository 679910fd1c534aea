import * as libc from './libc.js';

const MADV_HUGEPAGE = 14; // asm-generic/mman-common.h
/** PMD_SIZE of x86-64, and of arm64 with pages of 4 KiB. */
const HUGE_PAGE = 2 * 1024 * 1024;

/**
 * A new array for bytes that are all about to be written. The kernel may make what whole huge pages fit into it of such:
 * one page fault then does for 512, and those are what copying into new memory mostly waits for.
 */
export function arrayToFill(length: number): Uint8Array<ArrayBuffer> {
  const array = new Uint8Array(length);
  if (length < 2 * HUGE_PAGE) return array; // else at least one is whole, wherever it begins
  const address = libc.addressOf(array.buffer);
  const begin = Math.ceil(address / HUGE_PAGE) * HUGE_PAGE;
  const end = Math.floor((address + length) / HUGE_PAGE) * HUGE_PAGE;
  libc.madvise(begin, end - begin, MADV_HUGEPAGE); // a kernel without them says no, which does no harm
  return array;
}
