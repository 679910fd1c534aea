import * as libc from './libc.js';

// bits/mman.h
const PROT_NONE = 0;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;

/** The longest ArrayBuffer that Node 20 can make; one byte more aborts the process. */
export const MAX_VIEW_LENGTH = 2 ** 32;

/** What a mapping shares with the registry of its views. */
interface Region {
  readonly address: number;
  readonly length: number;
  /** Another thread owns the mapping and unmaps it. */
  readonly adopted: boolean;
  views: number;
  closed: boolean;
  onIdle: (() => void) | undefined;
}

/**
 * Watches the ArrayBuffers, not the typed arrays that users get: every array, `subarray` or DataView that a user keeps
 * holds the ArrayBuffer.
 */
const viewsOfRegions = new FinalizationRegistry<Region>((region) => {
  region.views--;
  if (region.views > 0) return;
  if (region.closed) unmap(region);
  region.onIdle?.();
});

function unmap(region: Region): void {
  if (!region.adopted) libc.munmap(region.address, region.length);
}

/**
 * A range of address space with files mapped into it. `close` unmaps it once the last view has been garbage collected,
 * never earlier: using a view after `munmap` would be SIGSEGV.
 */
export class Mapping {
  readonly #region: Region;

  private constructor(address: number, length: number, adopted = false) {
    this.#region = { address, length, adopted, views: 0, closed: false, onIdle: undefined };
  }

  /** Reserves `length` bytes of address space, aligned to `alignment`, without memory. Returns `-errno` on failure. */
  static reserve(length: number, alignment: number): Mapping | number {
    const size = length + alignment;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const start = libc.mmap(0, size, PROT_NONE, flags, -1, 0);
    if (start < 0) return start;
    const address = Math.ceil(start / alignment) * alignment;
    if (address > start) libc.munmap(start, address - start);
    const end = start + size;
    if (end > address + length) libc.munmap(address + length, end - address - length);
    return new Mapping(address, length);
  }

  /** Returns the mapping of another thread of this process, which keeps it for as long as this thread uses it. */
  static adopt(address: number, length: number): Mapping {
    return new Mapping(address, length, true);
  }

  get address(): number {
    return this.#region.address;
  }

  get length(): number {
    return this.#region.length;
  }

  /** Number of ArrayBuffers over it that aren't collected yet. */
  get views(): number {
    return this.#region.views;
  }

  /** Sets what runs once the last view is collected. */
  set onIdle(callback: () => void) {
    this.#region.onIdle = callback;
  }

  /**
   * Maps `length` bytes of a file, shared, at `offset` of this mapping. The file must be that long: the kernel also maps
   * what is behind its end, where an access is SIGBUS. Returns 0 or `-errno`.
   */
  place(offset: number, length: number, fd: number, fileOffset: number, writable: boolean): number {
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const at = this.#region.address + offset;
    return Math.min(0, libc.mmap(at, length, protection, MAP_SHARED | MAP_FIXED, fd, fileOffset));
  }

  /** Unmaps what was placed there; the address space stays reserved. Returns 0 or `-errno`. */
  clear(offset: number, length: number): number {
    const at = this.#region.address + offset;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    return Math.min(0, libc.mmap(at, length, PROT_NONE, flags, -1, 0));
  }

  /** Returns a new ArrayBuffer over part of it, which keeps the memory mapped. At most {@link MAX_VIEW_LENGTH} bytes. */
  view(offset: number, length: number): ArrayBuffer {
    const buffer = libc.viewOf(this.#region.address + offset, length);
    this.#region.views++;
    viewsOfRegions.register(buffer, this.#region);
    return buffer;
  }

  /** Unmaps it at once, or with its last view. Closing twice is harmless. */
  close(): void {
    if (this.#region.closed) return;
    this.#region.closed = true;
    if (this.#region.views === 0) unmap(this.#region);
  }
}
