import { constants } from 'node:os';
import * as libc from './libc.js';

const { EFAULT } = constants.errno;
const IOVEC = 16; // sizeof(struct iovec): base, len
const memory = new ArrayBuffer(2 * IOVEC);
const vectors = new BigUint64Array(memory);

/**
 * Copies `length` bytes at `address` of this process to the start of `into`, through the kernel: where plain access would
 * be SIGBUS or SIGSEGV (a truncated file, a hole and no hugepage left), this returns `-EFAULT`. Returns 0 or `-errno`.
 */
export function copyMemory(address: number, length: number, into: Uint8Array<ArrayBuffer>): number {
  const target = libc.addressOf(into.buffer) + into.byteOffset;
  const local = libc.addressOf(memory);
  let done = 0;
  while (done < length) {
    vectors[0] = BigInt(target + done);
    vectors[1] = BigInt(length - done);
    vectors[2] = BigInt(address + done);
    vectors[3] = BigInt(length - done);
    const count = libc.processVmReadv(process.pid, local, 1, local + IOVEC, 1, 0);
    if (count < 0) return count;
    if (count === 0) return -EFAULT;
    done += count; // fewer bytes than asked where a later page is bad, or over 2 GiB
  }
  return 0;
}

const MADV_HUGEPAGE = 14; // asm-generic/mman-common.h
/** PMD_SIZE of x86-64, and of arm64 with pages of 4 KiB. */
const HUGE_PAGE = 2 * 1024 * 1024;

/**
 * Returns a new array that the caller fills at once. Lets the kernel use transparent huge pages for it: one page fault
 * replaces 512, and page faults are most of the cost of copying into new memory.
 */
export function arrayToFill(length: number): Uint8Array<ArrayBuffer> {
  const array = new Uint8Array(length);
  if (length < 2 * HUGE_PAGE) return array; // may not hold one whole huge page, depending on where it begins
  const address = libc.addressOf(array.buffer);
  const begin = Math.ceil(address / HUGE_PAGE) * HUGE_PAGE;
  const end = Math.floor((address + length) / HUGE_PAGE) * HUGE_PAGE;
  libc.madvise(begin, end - begin, MADV_HUGEPAGE); // fails on a kernel without huge pages, which does no harm
  return array;
}
