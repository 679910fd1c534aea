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

/** Reserves and frees memzones, under C's locks; see `SharedMemory.reserve`. */
export interface ZoneAllocator {
  reserve(name: string, len: number, options: ReserveOptions): number;
  free(zone: { readonly name: string; readonly addr: number }): void;
}

/**
 * The shared memory of a primary, as `attachMemory` returns it. Looking something up takes the lock that C takes, for
 * the time of copying the table, so it may block this thread for as long as a C process changes it: normally
 * microseconds, at most `lockTimeoutMs`. It throws `ETIMEDOUT` then; the `…Async` forms wait without blocking.
 *
 * Every method throws `ENOPRIMARY` once the primary is gone, `ERESTARTED` once another one has taken its place, `EBADF`
 * after `detach`, `ELAYOUT` where the shared files hold what they can't.
 */
export class SharedMemory {
  /** Bytes can be written; see `attachMemory`. */
  readonly writable: boolean;
  /** The primary's release, as in `rte_version`: `'22.11.11'`. */
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
   * All memzones, in the table's order [`rte_memzone_walk`]. None is mapped yet. Throws `ETIMEDOUT` while another process
   * keeps the lock for `lockTimeoutMs`.
   *
   * @example
   * for (const { name, len } of memory.memzones()) console.log(name, len);
   */
  memzones(): Memzone[] {
    return this.#allZones(this.#memzoneTable());
  }

  /** As `memzones`, without blocking while a C process has the lock. */
  memzonesAsync(): Promise<Memzone[]> {
    return this.#parseAsync((table) => this.#allZones(table));
  }

  /**
   * The memzone of exactly this name, or `undefined` [`rte_memzone_lookup`]. A ring's zone is called `RG_<name>`, a
   * mempool's `MP_<name>`. One that you still hold, or an array over its bytes, is found without a search, and is the
   * same object.
   *
   * @example
   * const bytes = memory.lookup('SHARED_INFO')?.bytes;
   */
  lookup(name: string): Memzone | undefined {
    return this.#known.get(name) ?? this.#zoneIn(this.#memzoneTable(), name);
  }

  /** As `lookup`, without blocking while a C process has the lock. */
  async lookupAsync(name: string): Promise<Memzone | undefined> {
    return this.#known.get(name) ?? this.#parseAsync((table) => this.#zoneIn(table, name));
  }

  /**
   * A zero-copy view of `length` bytes at an address of the primary, such as a pointer in a shared structure means
   * [what `rte_mem_virt2memseg` tells]. It stays mapped for as long as you keep it. Whether the primary still uses the
   * memory for the same thing is for you to know; a view that goes stale shows the old pages, without an error. `ERANGE`
   * for a length that isn't positive or over 4 GiB, `EFAULT` where the primary has no memory, and what `zone.bytes`
   * throws.
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
   * The pages of all lists, in the order of lists and addresses [`rte_memseg_walk`], external ones included. Throws
   * `ETIMEDOUT` as `memzones`.
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
   * Makes a memzone of `len` bytes, rounded up to cache lines [`rte_memzone_reserve_aligned`]; 0 is the largest free
   * block. With `bound` it is `rte_memzone_reserve_bounded`. Its bytes are zero only if nobody has used them before. The
   * memory grows if need be, which every secondary has to follow: a mute one makes that take 5,000 ms, and fail. It blocks
   * this thread; handlers run afterwards.
   *
   * Throws `ENOTSUP` (not the memory of a Node primary), `EINVAL` (length, alignment, bound, flags, node),
   * `ENAMETOOLONG` (empty, or 32 bytes and more), `EEXIST`, `ENOSPC` (2,560 zones), `ENOMEM` (no such block, and no pages
   * for it), `ETIMEDOUT` (another process keeps a lock for `lockTimeoutMs`), `ESTALE` (another process freed it at once),
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
      `Memzone ${JSON.stringify(name)} was freed by another process at once: reserve it again`,
    );
  }

  /**
   * Frees a memzone [`rte_memzone_free`], whoever reserved it. Views of it go on showing the old pages: nobody may use
   * them. Pages that become free as a whole are given back, which every secondary has to follow.
   *
   * Throws `EINVAL` (no memzone), `ENOTSUP` (not the memory of a Node primary), `ESTALE` (freed already), `ENOENT` (freed by another process
   * just now), `ETIMEDOUT` (another process keeps a lock), `EBADF` (closed).
   *
   * @example
   * const zone = channel.memory.lookup('shared_info');
   * if (zone !== undefined) channel.memory.free(zone);
   */
  free(zone: Memzone): void {
    const allocator = this.#allocator();
    if (!(zone instanceof Memzone))
      throw new MpError('EINVAL', `${String(zone)} is no memzone: give what reserve or lookup returned`);
    requireValid(zone);
    allocator.free({ name: zone.name, addr: Number(zone.addr) });
  }

  #allocator(): ZoneAllocator {
    this.#attachment.requireUsable();
    if (this.#zoneAllocator !== undefined) return this.#zoneAllocator;
    throw new MpError(
      'ENOTSUP',
      'Only the process that made this memory can reserve and free: ask the primary to do it, by a message for example',
    );
  }

  /**
   * A copy of a zone's bytes, or of `length` bytes at an address, made by the kernel (process_vm_readv): where touching
   * a view could end the process with SIGBUS, because the writer truncated or punched its files, this throws `EFAULT`.
   * A zone is checked before and after: `ESTALE` instead of bytes that were no longer its own. It says nothing about
   * what the writer did meanwhile.
   *
   * A new array for megabytes costs more time than to fill it: where you copy often, give one to copy `into`. What is
   * returned is its beginning then. `ERANGE` if it is too short.
   *
   * @example
   * const copy = memory.snapshot(zone, { offset: 64, length: 8 });
   */
  snapshot(zone: Memzone, range?: SnapshotRange): Uint8Array<ArrayBuffer>;
  /** A copy of `length` bytes at an address of the primary. */
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
   * What a secondary does on the primary's `mp_malloc_sync` (and rollback) [`eal_memalloc_sync_with_primary`]: pages that
   * are gone are dropped. New ones are mapped when somebody wants them. It takes no lock, for the sender holds them
   * until all have answered.
   */
  sync(): void {
    if (this.#attachment.problem() === undefined) this.#windows.dropStale();
  }

  /**
   * Bytes that are still mapped though nothing uses them any more but views that you kept: of freed memory, and of
   * everything after `detach`. They are unmapped as those views are collected.
   */
  get pinnedBytes(): number {
    return this.#windows.pinnedBytes;
  }

  /**
   * Lets go of the primary's memory: from here on everything throws `EBADF`. Arrays that you kept stay mapped until they
   * are collected, so that using one never crashes. Detaching twice is harmless.
   */
  detach(): void {
    this.#attachment.close();
    this.#windows.close();
  }

  /** Whether it can be used: attached, and to a primary that is alive. A fact of this moment. */
  get valid(): boolean {
    return this.#attachment.problem() === undefined;
  }

  /** @internal Closes what a primary that is gone has left us; everything goes on saying `ERESTARTED` or `ENOPRIMARY`. */
  abandon(): void {
    this.#attachment.abandon();
    this.#windows.close();
  }

  /** As `detach`. */
  [Symbol.dispose](): void {
    this.detach();
  }

  #waitingFor(name: string): TableWaiting {
    const { path } = this.#attachment;
    return { ...this.#waiting, name, path, requireUsable: () => this.#attachment.requireUsable() };
  }

  /** A copy of the table, valid until the next one. */
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
    `${addr} is no address of the primary: take addresses from memzones() or memsegs()`,
  );
}
