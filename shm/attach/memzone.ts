import { MpError } from '../../protocol/errors.js';
import type { MemzoneFields } from '../layout/memzone-entry.js';
import type { Attachment } from './attachment.js';
import type { MemzoneHandle } from './share.js';
import type { Window } from './window.js';
import type { Windows } from './windows.js';

/** Limit of looks at an entry; pages that come and go elsewhere in the list make us look again. */
const MAX_LOOKS = 100;

/** Keeps a zone alive for as long as an array over its bytes is: see {@link KnownZones}. */
const zonesOfBuffers = new WeakMap<ArrayBufferLike, Memzone>();

/**
 * A named piece of the primary's memory: `struct rte_memzone`. The fields are a copy made at the lookup; `bytes` is the
 * memory itself.
 *
 * @example
 * const zone = memory.lookup('SHARED_INFO');
 * if (zone !== undefined) console.log(new DataView(zone.buffer, zone.byteOffset).getUint32(0, true));
 */
export class Memzone {
  /** At most 31 bytes in C. */
  readonly name: string;
  /** Address in the primary and in C secondaries, which pointers inside shared structures refer to. */
  readonly addr: bigint;
  /** Physical address, or `addr` in VA mode; all ones if unknown. */
  readonly iova: bigint;
  /** Length in bytes, which C rounds up to whole cache lines. */
  readonly len: number;
  /** Size of its pages in bytes; 4096 with `--no-huge`. */
  readonly hugepageSize: number;
  /** NUMA node; 256 and up for external heaps. */
  readonly socketId: number;
  /** `RTE_MEMZONE_*` bits that it was reserved with. */
  readonly flags: number;
  readonly #attachment: Attachment;
  readonly #windows: Windows;
  readonly #index: number;
  readonly #entry: Buffer;
  readonly #address: number;
  #mapped: { readonly window: Window; readonly bytes: Uint8Array } | undefined;
  #freed = false;

  /** @internal */
  constructor(attachment: Attachment, windows: Windows, index: number, entry: Buffer, fields: MemzoneFields) {
    this.name = fields.name;
    this.addr = BigInt(fields.addr);
    this.iova = fields.iova;
    this.len = fields.len;
    this.hugepageSize = fields.hugepageSize;
    this.socketId = fields.socketId;
    this.flags = fields.flags;
    this.#attachment = attachment;
    this.#windows = windows;
    this.#index = index;
    this.#entry = entry;
    this.#address = fields.addr;
  }

  /**
   * Whether this is still a zone of the living primary, in the pages that `bytes` shows. True only at this moment: the
   * primary may free the zone right afterwards, and an array that you kept shows the old pages from then on, without an
   * error. Once false it stays false.
   */
  get valid(): boolean {
    return this.problem() === undefined;
  }

  /**
   * The memory itself, mapped at the first access: each side sees at once what the other one writes. Attached without
   * `writable`, it is read-only, and a write to it is SIGSEGV. The memory stays mapped for as long as you keep the array,
   * its `buffer` or a view of it; don't transfer the buffer. Each access checks `valid`: keep the array where that costs
   * too much.
   *
   * Throws `ESTALE` (freed, or freed and reserved again: look it up again), `ENOPRIMARY`, `ERESTARTED`, `EBADF`
   * (detached), `ENOTSUP` (external memory; unlinked page files), `ERANGE` (over 4 GiB: use `memory.view`), `EACCES`.
   */
  get bytes(): Uint8Array {
    return this.#current().bytes;
  }

  /** ArrayBuffer of `bytes`, and throws what `bytes` throws. */
  get buffer(): ArrayBuffer {
    return this.bytes.buffer as ArrayBuffer;
  }

  /** Offset of the zone in `buffer`, in bytes. */
  get byteOffset(): number {
    return this.bytes.byteOffset;
  }

  /**
   * Returns a handle to post to a worker thread, where `attachShared` maps the same pages. It is plain data: it keeps
   * nothing mapped and doesn't follow later changes. Throws what `bytes` throws.
   */
  share(): MemzoneHandle {
    const { runs, list, base } = this.#current().window;
    const { name, addr, len } = this;
    const { writable } = this.#windows;
    const offset = this.#address - base;
    return { type: 'dpdk-ipc:memzone', name, addr, len, writable, pageSize: list.pageSize, offset, runs };
  }

  #current(): { readonly window: Window; readonly bytes: Uint8Array } {
    const problem = this.problem();
    if (problem !== undefined) throw problem;
    this.#mapped ??= this.#map();
    return this.#mapped;
  }

  /** @internal Why it isn't valid; `undefined` while it is. */
  problem(): MpError | undefined {
    const problem = this.#attachment.problem() ?? this.#ownProblem();
    if (problem !== undefined) this.#mapped = undefined; // unmapped once the user keeps no array either
    return problem;
  }

  #ownProblem(): MpError | undefined {
    this.#freed ||= !this.#isCurrent(this.#mapped?.window);
    return this.#freed ? this.#freedError() : undefined;
  }

  /**
   * Compares the entry between two reads of the list's version. A zone that exists keeps its pages, and pages don't change
   * without the version: so this needs no lock, however long mapping took. The first of the two reads is the one at which
   * the window was found current.
   */
  #isCurrent(window: Window | undefined): boolean {
    if (window === undefined) return this.#hasEntry();
    for (let look = 0; look < MAX_LOOKS; look++) {
      if (!this.#hasEntry()) return false;
      if (this.#attachment.listVersion(window.list) === window.version) return true;
      if (!window.check()) return false;
    }
    return false;
  }

  #hasEntry(): boolean {
    return this.#attachment.memzones.entryIs(this.#index, this.#entry);
  }

  #map(): { window: Window; bytes: Uint8Array } {
    for (let look = 0; look < MAX_LOOKS; look++) {
      const mapped = this.#tryMap();
      if (this.#isCurrent(mapped?.window) && mapped !== undefined) return mapped;
      if (!this.#isCurrent(undefined)) break;
    }
    this.#freed = true;
    throw this.#freedError();
  }

  /** Returns `undefined` when the zone's pages went away meanwhile. */
  #tryMap(): { window: Window; bytes: Uint8Array } | undefined {
    try {
      const window = this.#windows.at(this.#address, this.len);
      const bytes = this.#windows.view(window, this.#address, this.len);
      zonesOfBuffers.set(bytes.buffer, this);
      return { window, bytes };
    } catch (error) {
      if (this.#isCurrent(undefined)) throw error;
      return undefined;
    }
  }

  #freedError(): MpError {
    return new MpError(
      'ESTALE',
      `Memzone ${JSON.stringify(this.name)} was freed since it was looked up: look it up again`,
    );
  }
}

/** More names than a table has (RTE_MAX_MEMZONE, 2560): with so many, those of collected zones are removed. */
const MANY = 4096;

/**
 * The zones that the user still holds, by name: looking one up again need not search the table. The user holds a zone by
 * keeping it or an array over its bytes; this map keeps neither.
 */
export class KnownZones {
  readonly #zones = new Map<string, WeakRef<Memzone>>();

  /** Returns the zone of this name if it is still valid. */
  get(name: string): Memzone | undefined {
    const zone = this.#zones.get(name)?.deref();
    return zone?.valid === true ? zone : undefined;
  }

  add(zone: Memzone): Memzone {
    if (this.#zones.size >= MANY) this.#forgetCollected();
    this.#zones.set(zone.name, new WeakRef(zone));
    return zone;
  }

  #forgetCollected(): void {
    for (const [name, zone] of this.#zones) if (zone.deref() === undefined) this.#zones.delete(name);
  }
}
