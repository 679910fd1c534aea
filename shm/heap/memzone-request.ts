import { MpError } from '../../protocol/errors.js';
import { nameBytes } from '../layout/memzone-entry.js';
import { ceilTo, isPowerOfTwo } from './fit.js';
import { SOCKET_ID_ANY } from './heap-space.js';
import type { BlockRequest } from './malloc-heap.js';
import { areKnownFlags, MemzoneFlag } from './page-flags.js';

/**
 * How to reserve a memzone: the arguments of `rte_memzone_reserve_bounded`. What doesn't fit is `EINVAL`.
 *
 * @example
 * channel.memory.reserve('ring', 8192, { socketId: 0, align: 4096, bound: 65536 });
 */
export interface ReserveOptions {
  /** NUMA node; -1, `SOCKET_ID_ANY`, by default. 256 and up for heaps of external memory. */
  readonly socketId?: number | undefined;
  /** A power of two, in bytes; a cache line by default and at least. */
  readonly align?: number | undefined;
  /** A power of two, in bytes, that the zone doesn't cross a multiple of; 0, none, by default. */
  readonly bound?: number | undefined;
  /** Of {@link MemzoneFlag}; 0 by default. */
  readonly flags?: number | undefined;
}

/** A reservation whose fields were checked. */
export interface ZoneRequest extends BlockRequest {
  readonly name: string;
  /** As it stands in an entry, with its NUL. */
  readonly nameBytes: Buffer;
  readonly socketId: number;
  /** The largest block that there is, whatever `size` says. */
  readonly largest: boolean;
}

/** Checks what memzone_reserve_aligned_thread_unsafe checks, in its order: `ENAMETOOLONG` or `EINVAL`. */
export function zoneRequest(
  name: string,
  len: number,
  options: ReserveOptions,
  cacheLine: number,
): ZoneRequest {
  if (typeof name !== 'string')
    throw new MpError('EINVAL', `A memzone's name is ${String(name)}: give a string`);
  if (typeof options !== 'object' || options === null) throw invalid(name, 'options', options, 'an object');
  const { socketId = SOCKET_ID_ANY, align = cacheLine, bound = 0, flags = 0 } = options;
  const bytes = nameBytes(name);
  if (bytes === undefined) throw badName(name);
  if (align !== 0 && !isPowerOfTwo(align)) throw invalid(name, 'align', align, 'a power of two');
  if (!Number.isSafeInteger(len) || len < 0) {
    throw invalid(name, 'len', len, '0 for the largest block, or a whole number of bytes');
  }
  const rounded = ceilTo(len, cacheLine);
  if (bound !== 0 && (!isPowerOfTwo(bound) || Math.max(rounded, cacheLine) > bound)) {
    throw invalid(name, 'bound', bound, `0 or a power of two that isn't less than ${rounded} bytes`);
  }
  if (!Number.isInteger(socketId) || socketId < SOCKET_ID_ANY) {
    throw invalid(name, 'socketId', socketId, 'a NUMA node, or -1 for any');
  }
  if (!areKnownFlags(flags)) throw invalid(name, 'flags', flags, 'a sum of MemzoneFlag');
  return {
    name,
    nameBytes: bytes,
    socketId,
    size: len === 0 ? bound : rounded,
    largest: len === 0 && bound === 0,
    align: Math.max(align, cacheLine),
    bound,
    contiguous: (flags & MemzoneFlag.IOVA_CONTIG) !== 0,
    flags: flags & ~MemzoneFlag.IOVA_CONTIG,
  };
}

function badName(name: string): MpError {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || name.includes('\0')) {
    return new MpError('EINVAL', `${JSON.stringify(name)} is no name for a memzone: give 1 to 31 bytes`);
  }
  return new MpError(
    'ENAMETOOLONG',
    `The name ${JSON.stringify(name)} has ${bytes} bytes, a memzone's at most 31: give a shorter one`,
  );
}

function invalid(name: string, field: string, value: unknown, expected: string): MpError {
  return new MpError(
    'EINVAL',
    `Memzone ${JSON.stringify(name)}: ${field} is ${String(value)}: give ${expected}`,
  );
}
