import { versionOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { type Memseg, type MemsegList, readMemseg } from '../layout/memseg.js';
import { isFilled, nameBytes, readMemzone } from '../layout/memzone-entry.js';
import type { LockWaiting } from '../locks/lock-wait.js';
import { readTable, readTableAsync, type Table, type TableWaiting } from '../locks/read-table.js';
import type { Attachment } from './attachment.js';
import type { FbarrayCopy } from './fbarray-file.js';
import { KnownZones, Memzone } from './memzone.js';
import { requireLength, requireValid, type SnapshotRange, snapshotAt, snapshotZone } from './snapshot.js';
import { Windows } from './windows.js';

/**
 * How to reserve a memzone: the arguments of `rte_memzone_reserve_bounded`. Values out of range are `EINVAL`.
 *
 * @example
 * channel.memory.reserve('ring', 8192, { socketId: 0, align: 4096, bound: 65536 });
 */
export interface ReserveOptions {
  /** NUMA node; -1 (`SOCKET_ID_ANY`) by default, 256 and up for heaps of external memory. */
  readonly socketId?: number | undefined;
  /** Alignment in bytes, a power of two; a cache line by default and at least. */
  readonly align?: number | undefined;
  /** Boundary in bytes, a power of two: the zone crosses no multiple of it; 0 (none) by default. */
  readonly bound?: number | undefined;
  /** Sum of {@link MemzoneFlag} values; 0 by default. */
  readonly flags?: number | undefined;
}

/** Reserves and frees memzones, under C's locks; see `SharedMemory.reserve`. */
export interface ZoneAllocator {
  reserve(name: string, len: number, options: ReserveOptions): number;
  free(zone: { readonly name: string; readonly addr: number }): void;
}

/**
 * The shared memory of a primary, as `attachMemory` returns it. A lookup holds C's lock while it copies the table, so it
 * may block this thread for as long as a C process changes the table: normally microseconds, at most `lockTimeoutMs`,
 * after which it throws `ETIMEDOUT`. The `…Async` methods wait without blocking.
 *
 * Every method throws `ENOPRIMARY` once the primary is gone, `ERESTARTED` once another primary has taken its place, `EBADF`
 * after `detach`, `ELAYOUT` where the shared files hold impossible values.
 */
export class SharedMemory {
  /** Whether bytes can be written; see `attachMemory`. */
  readonly writable: boolean;
  /** The primary's release without the name, such as `'22.11.11'` [`rte_version`]. */
  readonly version: string;
  readonly #attachment: Attachment;
  readonly #waiting: Pick<LockWaiting, 'timeoutMs' | 'whileWaiting'>;
  /** Only where this process made the memory. */
  readonly #zoneAllocator: ZoneAllocator | undefined;
  readonly #windows: Windows;
  readonly #known = new KnownZones();

  /** @internal Use `attachMemory`. */
  constructor(
    attachment: Attachment,
    writable: boolean,
    waiting: Pick<LockWaiting, 'timeoutMs' | 'whileWaiting'>,
    allocator: ZoneAllocator | undefined,
  ) {
    this.writable = writable;
    this.version = versionOf(attachment.memConfig.versionWord);
    this.#attachment = attachment;
    this.#waiting = waiting;
    this.#zoneAllocator = allocator;
    this.#windows = new Windows(attachment, writable);
  }

  /**
   * Returns all memzones, in the table's order [`rte_memzone_walk`]; maps none of them. Throws `ETIMEDOUT` where another
   * process holds the lock for `lockTimeoutMs`.
   *
   * @example
   * for (const { name, len } of memory.memzones()) console.log(name, len);
   */
  memzones(): Memzone[] {
    return this.#allZones(this.#memzoneTable());
  }

  /** Same as `memzones`, without blocking while a C process holds the lock. */
  memzonesAsync(): Promise<Memzone[]> {
    return this.#parseAsync((table) => this.#allZones(table));
  }

  /**
   * Returns the memzone of exactly this name, or `undefined` [`rte_memzone_lookup`]. A ring's zone is called `RG_<name>`, a
   * mempool's `MP_<name>`. Where you still hold the zone, or an array over its bytes, this returns the same object without
   * a search.
   *
   * @example
   * const bytes = memory.lookup('SHARED_INFO')?.bytes;
   */
  lookup(name: string): Memzone | undefined {
    return this.#known.get(name) ?? this.#zoneIn(this.#memzoneTable(), name);
  }

  /** Same as `lookup`, without blocking while a C process holds the lock. */
  async lookupAsync(name: string): Promise<Memzone | undefined> {
    return this.#known.get(name) ?? this.#parseAsync((table) => this.#zoneIn(table, name));
  }

  /**
   * Returns a zero-copy view of `length` bytes at an address of the primary, such as a pointer in a shared structure
   * [`rte_mem_virt2memseg`]. It stays mapped for as long as you keep it. You have to know whether the primary still uses
   * the memory for the same thing: a view of freed memory shows the old pages, without an error. Throws `ERANGE` for a
   * length that isn't positive or over 4 GiB, `EFAULT` where the primary has no memory, and what `zone.bytes` throws.
   *
   * @example
   * const pointer = new BigUint64Array(zone.buffer, zone.byteOffset, 1)[0] ?? 0n; // struct item *
   * const item = memory.view(pointer, 64);
   */
  view(addr: bigint | number, length: number): Uint8Array {
    this.#attachment.requireUsable();
    const address = addressOf(addr);
    requireLength(length);
    return this.#windows.view(this.#windows.at(address, length), address, length);
  }

  /**
   * Returns the pages of all lists, in the order of lists and addresses [`rte_memseg_walk`], external ones included. Throws
   * `ETIMEDOUT` where another process holds the lock for `lockTimeoutMs`.
   *
   * @example
   * const bytes = memory.memsegs().reduce((sum, { len }) => sum + len, 0);
   */
  memsegs(): Memseg[] {
    this.#attachment.requireUsable();
    this.#attachment.openArrays();
    const lists: Table<[MemsegList, FbarrayCopy][]> = {
      copy: (which) =>
        this.#attachment.readLists().map((list) => [list, this.#attachment.copySegments(list, which)]),
      isSame: (a, b) => a.length === b.length && a.every(([, copy], i) => b[i]?.[1].equals(copy)),
    };
    const waiting = this.#waitingFor('memory_hotplug_lock');
    const copies = readTable(this.#attachment.memoryHotplugLock, lists, waiting);
    return copies.flatMap(([list, copy]) =>
      Array.from(copy.mask.indexes(), (segment) => readMemseg(copy.entry(segment), list)),
    );
  }

  /**
   * Reserves a memzone of `len` bytes, rounded up to cache lines [`rte_memzone_reserve_aligned`, with `bound`
   * `rte_memzone_reserve_bounded`]; 0 takes the largest free block. The bytes are not cleared if they were used before. If
   * need be, the memory grows, which every secondary has to follow: a mute secondary makes that fail after 5,000 ms. Blocks
   * this thread; handlers run afterwards.
   *
   * Throws `ENOTSUP` (not the memory of a Node primary), `EINVAL` (name, length, alignment, bound, flags, node),
   * `ENAMETOOLONG` (32 bytes and more), `EEXIST`, `ENOSPC` (2,560 zones), `ENOMEM` (no such block, and no pages for it),
   * `ETIMEDOUT` (another process holds a lock for `lockTimeoutMs`), `ESTALE` (another process freed the zone at once),
   * `EBADF` (closed).
   *
   * @example
   * const zone = channel.memory.reserve('shared_info', 64, { align: 4096, flags: MemzoneFlag.PAGES_2MB });
   */
  reserve(name: string, len: number, options: ReserveOptions = {}): Memzone {
    const allocator = this.#allocator();
    const index = allocator.reserve(name, len, options);
    const table = this.#memzoneTable();
    const zone = table.mask.has(index) ? this.#zoneAt(table, index) : undefined;
    if (zone?.name === name) return zone;
    throw new MpError(
      'ESTALE',
      `Another process freed memzone ${JSON.stringify(name)} at once: reserve it again`,
    );
  }

  /**
   * Frees a memzone of any process [`rte_memzone_free`]. Views of it go on showing the old pages: don't use them any more.
   * Whole pages that become free go back to the system, which every secondary has to follow.
   *
   * Throws `EINVAL` (not a memzone), `ENOTSUP` (not the memory of a Node primary), `ESTALE` (freed already), `ENOENT` (freed
   * by another process just now), `ETIMEDOUT` (another process holds a lock), `EBADF` (closed).
   *
   * @example
   * const zone = channel.memory.lookup('shared_info');
   * if (zone !== undefined) channel.memory.free(zone);
   */
  free(zone: Memzone): void {
    const allocator = this.#allocator();
    if (!(zone instanceof Memzone))
      throw new MpError('EINVAL', `${String(zone)} is not a memzone: give what reserve or lookup returned`);
    requireValid(zone);
    allocator.free({ name: zone.name, addr: Number(zone.addr) });
  }

  #allocator(): ZoneAllocator {
    this.#attachment.requireUsable();
    if (this.#zoneAllocator !== undefined) return this.#zoneAllocator;
    throw new MpError(
      'ENOTSUP',
      'Only the primary that made this memory can reserve and free: send it a message that asks for it',
    );
  }

  /**
   * Returns a copy of a zone's bytes, made by the kernel (process_vm_readv): where touching a view would end the process
   * with SIGBUS, because the writer truncated or punched its files, this throws `EFAULT`. It checks the zone before and
   * after, and throws `ESTALE` if the zone was freed. A process that writes meanwhile may change the bytes during the copy.
   *
   * Allocating megabytes takes longer than copying them: where you copy often, give an array to copy `into`. The result is
   * the beginning of that array then. Throws `ERANGE` if it is too short.
   *
   * @example
   * const copy = memory.snapshot(zone, { offset: 64, length: 8 });
   */
  snapshot(zone: Memzone, range?: SnapshotRange): Uint8Array<ArrayBuffer>;
  /** Returns a copy of `length` bytes at an address of the primary. */
  snapshot(addr: bigint | number, length: number): Uint8Array<ArrayBuffer>;
  snapshot(
    from: Memzone | bigint | number,
    rangeOrLength: number | SnapshotRange = {},
  ): Uint8Array<ArrayBuffer> {
    if (from instanceof Memzone) {
      return snapshotZone(this.#windows, from, typeof rangeOrLength === 'number' ? {} : rangeOrLength);
    }
    this.#attachment.requireUsable();
    return snapshotAt(this.#windows, addressOf(from), typeof rangeOrLength === 'number' ? rangeOrLength : 0);
  }

  /**
   * Unmaps pages that the primary has removed, as a secondary does on `mp_malloc_sync` and `mp_malloc_rollback`
   * [`eal_memalloc_sync_with_primary`]. Lookups map new pages later. It takes no lock: the sender of the request holds them
   * until all secondaries have answered.
   */
  sync(): void {
    if (this.#attachment.problem() === undefined) this.#windows.dropStale();
  }

  /**
   * Bytes of freed memory, and after `detach` of all memory, that stay mapped because you kept views of them. They are
   * unmapped when those views are collected.
   */
  get pinnedBytes(): number {
    return this.#windows.pinnedBytes;
  }

  /**
   * Ends the attachment: every method throws `EBADF` from now on. Arrays that you kept stay mapped until they are collected,
   * so that using one never crashes. Detaching twice is harmless.
   */
  detach(): void {
    this.#attachment.close();
    this.#windows.close();
  }

  /** Whether it can be used at this moment: it is attached, and the primary is alive. */
  get valid(): boolean {
    return this.#attachment.problem() === undefined;
  }

  /** @internal Closes the files of a primary that is gone; methods go on throwing `ERESTARTED` or `ENOPRIMARY`. */
  abandon(): void {
    this.#attachment.abandon();
    this.#windows.close();
  }

  /** Same as `detach`. */
  [Symbol.dispose](): void {
    this.detach();
  }

  #waitingFor(name: string): TableWaiting {
    const { path } = this.#attachment;
    return { ...this.#waiting, name, path, requireUsable: () => this.#attachment.requireUsable() };
  }

  /** Copies the table; the copy is valid until the next one. */
  #memzoneTable(): FbarrayCopy {
    return readTable(this.#attachment.mlock, this.#attachment.memzones, this.#waitingFor('mlock'));
  }

  #parseAsync<T>(parse: (table: FbarrayCopy) => T): Promise<T> {
    const { mlock, memzones } = this.#attachment;
    return readTableAsync(mlock, memzones, this.#waitingFor('mlock'), parse);
  }

  #allZones(copy: FbarrayCopy): Memzone[] {
    return Array.from(copy.mask.indexes())
      .filter((index) => isFilled(copy.entry(index)))
      .map((index) => this.#zoneAt(copy, index));
  }

  #zoneIn(copy: FbarrayCopy, name: string): Memzone | undefined {
    const wanted = nameBytes(name);
    if (wanted === undefined) return undefined;
    const index = copy.find(wanted, isFilled);
    return index === undefined ? undefined : this.#known.add(this.#zoneAt(copy, index));
  }

  #zoneAt(copy: FbarrayCopy, index: number): Memzone {
    const entry = Buffer.from(copy.entry(index));
    const fields = readMemzone({ bytes: entry, path: this.#attachment.memzones.path }, index);
    return new Memzone(this.#attachment, this.#windows, index, entry, fields);
  }
}

function addressOf(addr: bigint | number): number {
  const address = Number(addr);
  if (Number.isSafeInteger(address) && address > 0) return address;
  throw new MpError(
    'EFAULT',
    `${addr} is not an address of the primary: take addresses from memzones() or memsegs()`,
  );
}
