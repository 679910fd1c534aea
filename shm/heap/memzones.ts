import { MpError } from '../../protocol/errors.js';
import type { ReserveOptions } from '../attach/shared-memory.js';
import { isPowerOfTwo } from '../layout/fields.js';
import {
  hasName,
  isFilled,
  MEMZONE_SIZE,
  type MemzoneFields,
  nameBytes,
  readMemzone,
  writeMemzone,
} from '../layout/memzone-entry.js';
import { FbarrayTable } from './fbarray-table.js';
import { ceilTo } from './fit.js';
import { Heap } from './heap.js';
import { type HeapSpace, SOCKET_ID_ANY } from './heap-space.js';
import type { Block, BlockRequest } from './malloc-heap.js';
import { areKnownFlags, MemzoneFlag } from './page-flags.js';

const PATH = 'fbarray_memzone';

/** The zone of this name, or only if it is at this address. */
export type ZoneKey = string | { readonly name: string; readonly addr: number };

/** The memzone table that all processes share, to reserve and free in: eal_common_memzone.c. */
export class Memzones {
  readonly #space: HeapSpace;
  readonly #heap: Heap;
  readonly #table: FbarrayTable;

  /** `ELAYOUT` where the table isn't one. */
  constructor(space: HeapSpace) {
    const { config, layout, memzones: file } = space;
    const offset = layout.offsets.memzones;
    this.#space = space;
    this.#heap = new Heap(space);
    this.#table = new FbarrayTable({ config, layout, offset, eltSize: MEMZONE_SIZE, file, path: PATH });
  }

  /**
   * Reserves a zone of `len` bytes, of the largest block for 0 [rte_memzone_reserve_bounded], and returns its index in
   * the table. Its bytes are what they are. Throws `ENAMETOOLONG`, `EINVAL`, `EEXIST`, `ENOSPC` (no entry left),
   * `ENOMEM`, `ETIMEDOUT` (a lock).
   */
  reserve(name: string, len: number, options: ReserveOptions = {}): number {
    const request = zoneRequest(name, len, options, this.#space.layout.cacheLine);
    return this.#space.locks.mlock(() => {
      const { len: capacity, count } = this.#table;
      if (count >= capacity) throw full(name, capacity);
      if (this.#find(request.nameBytes) !== undefined) throw exists(name);
      const block = request.largest
        ? this.#heap.takeLargest(request, request.socketId)
        : this.#heap.take(request, request.socketId);
      if (block === undefined) throw noMemory(request);
      return this.#add(request, block);
    });
  }

  /** Frees a zone and its memory [rte_memzone_free]. `ENOENT` if there is none, `ETIMEDOUT`. */
  free(zone: ZoneKey): void {
    const { name, addr } = typeof zone === 'string' ? { name: zone, addr: undefined } : zone;
    this.#space.locks.mlock(() => {
      const index = this.#find(nameBytes(name));
      const found = index === undefined ? undefined : this.read(index);
      if (index === undefined || found === undefined) throw noZone(name);
      if (addr !== undefined && found.addr !== addr) throw noZone(name);
      // the entry first, so that it never leads to memory that is free
      this.#heap.release(found.addr, () => {
        this.#table.entry(index).fill(0);
        this.#table.setFree(index);
      });
    });
  }

  /** What entry `index` of the table says. */
  read(index: number): MemzoneFields {
    return readMemzone({ bytes: this.#table.entry(index), path: PATH }, index);
  }

  /** The index of the zone of this name [rte_memzone_lookup]; somebody else may free it right afterwards. */
  find(name: string): number | undefined {
    return this.#space.locks.mlock(() => this.#find(nameBytes(name)));
  }

  #find(name: Buffer | undefined): number | undefined {
    if (name === undefined) return undefined;
    for (const index of this.#table.used()) {
      const entry = this.#table.entry(index);
      if (hasName(entry, name) && isFilled(entry)) return index;
    }
    return undefined;
  }

  #add({ name, size, largest }: ZoneRequest, { addr, len, list }: Block): number {
    const index = this.#table.findFree();
    if (index === undefined) throw full(name, this.#table.len); // its count was wrong
    this.#table.setUsed(index);
    writeMemzone(this.#table.entry(index), {
      name,
      iova: list.iovaOf(addr),
      addr,
      len: largest ? len : size,
      hugepageSize: list.pageSize,
      socketId: list.socketId,
      flags: 0,
    });
    return index;
  }
}

function full(name: string, capacity: number): MpError {
  return new MpError(
    'ENOSPC',
    `Memzone ${JSON.stringify(name)} has no place: all ${capacity} entries of the table are in use, so free one first`,
  );
}

function exists(name: string): MpError {
  return new MpError(
    'EEXIST',
    `There is a memzone ${JSON.stringify(name)} already: look it up, free it, or choose another name`,
  );
}

function noMemory({ name, size, largest, socketId }: ZoneRequest): MpError {
  const where = socketId === SOCKET_ID_ANY ? 'any NUMA node' : `NUMA node ${socketId}`;
  const what = largest ? 'The largest block' : `${size} bytes in a row`;
  return new MpError(
    'ENOMEM',
    `${what} for memzone ${JSON.stringify(name)} can't be had on ${where} as asked: free zones, add hugepages, or ask for less`,
  );
}

function noZone(name: string): MpError {
  return new MpError('ENOENT', `There is no memzone ${JSON.stringify(name)}: was it freed already?`);
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
function zoneRequest(name: string, len: number, options: ReserveOptions, cacheLine: number): ZoneRequest {
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
