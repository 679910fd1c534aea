import { MpError } from '../../protocol/errors.js';
import { systemError } from '../../sys/errors.js';
import { arrayToFill, copyMemory } from '../../sys/safe-copy.js';
import type { Memzone } from './memzone.js';
import type { Windows } from './windows.js';

/**
 * Bytes of a zone for `snapshot` to copy: all of them by default.
 *
 * @example
 * const into = new Uint8Array(4096);
 * const copy = memory.snapshot(zone, { offset: 64, length: 8, into }); // the first 8 bytes of `into`
 */
export interface SnapshotRange {
  /** Offset of the first byte in the zone, in bytes: 0 by default. */
  readonly offset?: number | undefined;
  /** Number of bytes: the rest of the zone by default. */
  readonly length?: number | undefined;
  /** Array to copy to; a new array by default. */
  readonly into?: Uint8Array<ArrayBuffer> | undefined;
}

/** Limit of attempts: pages may go and come back during one. */
const MAX_LOOKS = 100;

/** Copies a part of a zone, and checks that the zone still has it afterwards; see `SharedMemory.snapshot`. */
export function snapshotZone(
  windows: Windows,
  zone: Memzone,
  { offset = 0, length = zone.len - offset, into }: SnapshotRange,
): Uint8Array<ArrayBuffer> {
  requireValid(zone);
  if (!Number.isInteger(offset) || offset < 0 || offset + length > zone.len) {
    throw new MpError(
      'ERANGE',
      `${length} bytes at ${offset} aren't within the ${zone.len} bytes of memzone ${JSON.stringify(zone.name)}: give a smaller offset or length`,
    );
  }
  for (let look = 1; ; look++) {
    try {
      const copy = snapshotAt(windows, Number(zone.addr) + offset, length, into);
      requireValid(zone);
      return copy;
    } catch (error) {
      // if the zone was freed, that is the error; if its page went and came back, the next attempt succeeds
      requireValid(zone);
      const isPageMissing = error instanceof MpError && error.code === 'EFAULT';
      if (!isPageMissing || look === MAX_LOOKS) throw error;
    }
  }
}

/** Copies `length` bytes at an address of the primary. */
export function snapshotAt(
  windows: Windows,
  addr: number,
  length: number,
  into?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  requireLength(length);
  const window = windows.at(addr, length); // before allocating: it refuses a length that is too long
  try {
    const target = targetOf(length, into);
    const failed = copyMemory(window.mapping.address + addr - window.base, length, target);
    if (failed < 0) throw systemError('process_vm_readv', failed, `0x${addr.toString(16)}`);
    return target;
  } finally {
    windows.release(window);
  }
}

/** Throws unless the zone is valid. */
export function requireValid(zone: Memzone): void {
  const problem = zone.problem();
  if (problem !== undefined) throw problem;
}

/** Throws `ERANGE` unless `length` is a positive whole number. */
export function requireLength(length: number): void {
  if (Number.isSafeInteger(length) && length > 0) return;
  throw new MpError('ERANGE', `The length is ${length} bytes: give a positive whole number`);
}

function targetOf(length: number, into: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> {
  if (into === undefined) return arrayToFill(length);
  if (into instanceof Uint8Array && into.length >= length) return into.subarray(0, length);
  throw new MpError(
    'ERANGE',
    `${length} bytes don't fit into the array to copy into: give a longer Uint8Array`,
  );
}
