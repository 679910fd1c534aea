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

/** The name of a zone, with an address to free only the zone that is there. */
export type ZoneKey = string | { readonly name: string; readonly addr: number };

/** Reserves and frees memzones in the table that all processes share (eal_common_memzone.c). */
export class Memzones {
  readonly #space: HeapSpace;
  readonly #heap: Heap;
  readonly #table: FbarrayTable;

  /** Throws `ELAYOUT` where the table has impossible values. */
  constructor(space: HeapSpace) {
    const { config, layout, memzones: file } = space;
    const offset = layout.offsets.memzones;
    this.#space = space;
    this.#heap = new Heap(space);
    this.#table = new FbarrayTable({ config, layout, offset, eltSize: MEMZONE_SIZE, file, path: PATH });
  }

  /**
   * Reserves a zone of `len` bytes, or of the largest block for 0 [rte_memzone_reserve_bounded], and returns its index in
   * the table. Doesn't clear its bytes. Throws `ENAMETOOLONG`, `EINVAL`, `EEXIST`, `ENOSPC` (no entry left), `ENOMEM`,
   * `ETIMEDOUT` (a lock).
   */
  reserve(name: string, len: number, options: ReserveOptions = {}): number {
    const request = zoneRequest(name, len, options, this.#space.layout.cacheLine);
    return this.#space.locks.mlock(() => {
      const { len: capacity, count } = this.#table;
      if (count >= capacity) throw full(name, capacity);
      if (this.#find(request.nameBytes) !== undefined)
        throw zoneError('EEXIST', name, 'exists already: look it up, free it, or choose another name');
      const block = request.largest
        ? this.#heap.takeLargest(request, request.socketId)
        : this.#heap.take(request, request.socketId);
      if (block === undefined) throw noMemory(request);
      return this.#add(request, block);
    });
  }

  /** Frees a zone and its memory [rte_memzone_free]. Throws `ENOENT` if there is none, `ETIMEDOUT` (a lock). */
  free(zone: ZoneKey): void {
    const { name, addr } = typeof zone === 'string' ? { name: zone, addr: undefined } : zone;
    this.#space.locks.mlock(() => {
      const index = this.#find(nameBytes(name));
      const found = index === undefined ? undefined : this.read(index);
      if (index === undefined || found === undefined || (addr !== undefined && found.addr !== addr))
        throw zoneError('ENOENT', name, "doesn't exist: check the name, and whether it was freed already");
      // removes the entry first, so that it never refers to free memory
      this.#heap.release(found.addr, () => {
        this.#table.entry(index).fill(0);
        this.#table.setFree(index);
      });
    });
  }

  /** Reads an entry of the table. */
  read(index: number): MemzoneFields {
    return readMemzone({ bytes: this.#table.entry(index), path: PATH }, index);
  }

  /** Returns the index of a zone [rte_memzone_lookup]; another process may free it right afterwards. */
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
    if (index === undefined) throw full(name, this.#table.len); // the count was wrong
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

function zoneError(code: string, name: string, problem: string): MpError {
  return new MpError(code, `Memzone ${JSON.stringify(name)} ${problem}`);
}

function full(name: string, capacity: number): MpError {
  return zoneError('ENOSPC', name, `finds all ${capacity} entries of the table in use: free a zone first`);
}

function noMemory({ name, size, largest, socketId }: ZoneRequest): MpError {
  const where = socketId === SOCKET_ID_ANY ? 'any NUMA node' : `NUMA node ${socketId}`;
  const what = largest ? 'There is no free block' : `There are no ${size} bytes in a row`;
  return new MpError(
    'ENOMEM',
    `${what} for memzone ${JSON.stringify(name)} on ${where} with these options: free zones, add hugepages, or ask for less`,
  );
}

/** A reservation whose fields are checked. */
interface ZoneRequest extends BlockRequest {
  readonly name: string;
  /** The name as in an entry, with its NUL. */
  readonly nameBytes: Buffer;
  readonly socketId: number;
  /** Whether to take the largest block, whatever `size` is. */
  readonly largest: boolean;
}

/** Checks what memzone_reserve_aligned_thread_unsafe checks, in its order. Throws `ENAMETOOLONG` or `EINVAL`. */
function zoneRequest(name: string, len: number, options: ReserveOptions, cacheLine: number): ZoneRequest {
  if (typeof name !== 'string')
    throw new MpError('EINVAL', `The name of the memzone is ${String(name)}: give a string`);
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
    throw invalid(name, 'bound', bound, `0 or a power of two of at least ${rounded} bytes`);
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
  return bytes === 0 || name.includes('\0')
    ? zoneError('EINVAL', name, "can't be called so: give 1 to 31 bytes without NUL")
    : zoneError(
        'ENAMETOOLONG',
        name,
        `has a name of ${bytes} bytes, at most 31 are possible: give a shorter one`,
      );
}

function invalid(name: string, field: string, value: unknown, expected: string): MpError {
  return zoneError('EINVAL', name, `can't have ${String(value)} for ${field}: give ${expected}`);
}
