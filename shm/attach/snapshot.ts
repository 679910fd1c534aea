import { MpError } from '../../protocol/errors.js';
import { systemError } from '../../sys/errors.js';
import { arrayToFill, copyMemory } from '../../sys/safe-copy.js';
import type { Memzone } from './memzone.js';
import type { Windows } from './windows.js';

/**
 * Which bytes of a zone `snapshot` copies: all of them by default.
 *
 * @example
 * const into = new Uint8Array(4096);
 * const copy = memory.snapshot(zone, { offset: 64, length: 8, into }); // the first 8 bytes of `into`
 */
export interface SnapshotRange {
  /** Where it begins, in bytes from the zone's begin: 0 by default. */
  readonly offset?: number | undefined;
  /** How many bytes: the rest of the zone by default. */
  readonly length?: number | undefined;
  /** Where they go; a new array by default. */
  readonly into?: Uint8Array<ArrayBuffer> | undefined;
}

/** Pages may go and come back while we look at them; this often is more than enough. */
const MAX_LOOKS = 100;

/** Copies a part of a zone that the zone still has afterwards; see `SharedMemory.snapshot`. */
export function snapshotZone(
  windows: Windows,
  zone: Memzone,
  { offset = 0, length = zone.len - offset, into }: SnapshotRange,
): Uint8Array<ArrayBuffer> {
  requireValid(zone);
  if (!Number.isInteger(offset) || offset < 0 || offset + length > zone.len) {
    throw new MpError(
      'ERANGE',
      `${length} bytes at ${offset} aren't within the ${zone.len} bytes of memzone ${JSON.stringify(zone.name)}`,
    );
  }
  for (let look = 1; ; look++) {
    try {
      const copy = snapshotAt(windows, Number(zone.addr) + offset, length, into);
      requireValid(zone);
      return copy;
    } catch (error) {
      // If the zone went away meanwhile, that is what to say; if it went and came back just so, it can be copied now.
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
  const window = windows.at(addr, length); // first: it knows what lengths there can be
  try {
    const target = targetOf(length, into);
    const failed = copyMemory(window.mapping.address + addr - window.base, length, target);
    if (failed < 0) throw systemError('process_vm_readv', failed, `0x${addr.toString(16)}`);
    return target;
  } finally {
    windows.release(window);
  }
}

/** Throws what is wrong with a zone that must not be used any more. */
export function requireValid(zone: Memzone): void {
  const problem = zone.problem();
  if (problem !== undefined) throw problem;
}

/** Throws `ERANGE` for what is no length. */
export function requireLength(length: number): void {
  if (Number.isSafeInteger(length) && length > 0) return;
  throw new MpError('ERANGE', `A length of ${length} bytes isn't possible: give a positive whole number`);
}

function targetOf(length: number, into: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> {
  if (into === undefined) return arrayToFill(length);
  if (into instanceof Uint8Array && into.length >= length) return into.subarray(0, length);
  throw new MpError('ERANGE', `${length} bytes don't fit into the array given: give a longer Uint8Array`);
}
