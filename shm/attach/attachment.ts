import { MpError } from '../../protocol/errors.js';
import { systemError } from '../../sys/errors.js';
import { recordLockOn } from '../../sys/file-lock.js';
import { isTrustedOwner } from '../../sys/runtime-owner.js';
import type { MemConfig } from '../layout/mem-config.js';
import { type MemsegList, readMemsegLists } from '../layout/memseg.js';
import { MAX_MEMSEG_LISTS, MEMSEG_LIST } from '../layout/releases.js';
import { DEAD_TABLE, readLocked, type TableLock, unlocked } from '../locks/read-table.js';
import { RwLock } from '../locks/rwlock.js';
import { type FbarrayCopy, FbarrayFile } from './fbarray-file.js';
import type { Incarnation } from './incarnation.js';
import { type PageContext, type PageFinder, type PagePlace, pageFinderFor } from './page-files.js';
import { ConfigPage, type SharedFile } from './shared-file.js';

/** The shared files of one primary, open, and whether they are still that primary's. */
export class Attachment {
  readonly memConfig: MemConfig;
  readonly memzones: FbarrayFile;
  /** Protects the memzone table. */
  mlock: TableLock;
  /** Protects lists and segments. */
  memoryHotplugLock: TableLock;
  readonly #config: SharedFile;
  readonly #incarnation: Incarnation | undefined;
  readonly #context: PageContext;
  readonly #arrays = new Map<string, FbarrayFile>();
  readonly #pageFiles = new Map<number, PageFinder>();
  #lists: readonly MemsegList[];
  /** The mapped page of `config` that holds the locks. */
  #page: ConfigPage | undefined;
  /** Makes the error that every method throws from now on; a new one each time, whose stack shows the caller. */
  #lost: (() => MpError) | undefined;

  /**
   * Owns `config` and `incarnation` from here on, unless it throws.
   *
   * @param incarnation `undefined`: the primary is dead, and the caller wants its memory nevertheless
   * @param lock whether to take the locks where `config` is writable
   */
  constructor(config: SharedFile, incarnation: Incarnation | undefined, context: PageContext, lock: boolean) {
    this.#config = config;
    this.#incarnation = incarnation;
    this.#context = context;
    this.memConfig = context.config;
    this.#lists = this.memConfig.lists;
    this.memzones = FbarrayFile.open(context.runtimePath, this.memConfig.memzones);
    try {
      if (lock && config.writable && incarnation !== undefined) this.#page = ConfigPage.map(config);
      const { mlock, memoryHotplugLock } = this.memConfig.layout.offsets;
      this.mlock = this.#lockAt(mlock);
      this.memoryHotplugLock = this.#lockAt(memoryHotplugLock);
    } catch (error) {
      this.memzones.close();
      throw error;
    }
  }

  #lockAt(offset: number): TableLock {
    if (this.#incarnation === undefined) return DEAD_TABLE;
    const format = this.memConfig.layout.rwlock;
    if (this.#page !== undefined) return readLocked(new RwLock(this.#page.words, offset, format));
    return unlocked(() => this.#config.readInt32(offset), format);
  }

  get path(): string {
    return this.#config.path;
  }

  /** Why the memory can't be used any more: `EBADF`, `ENOPRIMARY` or `ERESTARTED`; `undefined` while it can. */
  problem(): MpError | undefined {
    if (this.#lost !== undefined) return this.#lost();
    const owner = recordLockOn(this.#config.fd);
    if (typeof owner === 'number') return systemError('fcntl', owner, this.path);
    if (owner === undefined) return this.#incarnation === undefined ? undefined : this.#died();
    if (this.#incarnation?.is(owner.pid) === true) return undefined;
    this.#lost = () => this.#restarted(owner.pid);
    return this.#lost();
  }

  /** Throws {@link problem}. */
  requireUsable(): void {
    const problem = this.problem();
    if (problem !== undefined) throw problem;
  }

  /** The list that holds this address [`rte_mem_virt2memseg_list`]. */
  listAt(addr: number): MemsegList | undefined {
    const find = () => this.#lists.find(({ base, length }) => base <= addr && addr < base + length);
    const known = find();
    if (known !== undefined) return known;
    this.readLists(); // the primary may have added an external heap since
    return find();
  }

  readLists(): readonly MemsegList[] {
    const bytes = Buffer.alloc(MAX_MEMSEG_LISTS * MEMSEG_LIST.size);
    this.#config.read(bytes, this.memConfig.layout.offsets.memsegs);
    this.#lists = readMemsegLists({ bytes, path: this.path }, 0);
    return this.#lists;
  }

  /** `rte_memseg_list.version`, which changes with every page that comes or goes. */
  listVersion(list: MemsegList): number {
    const at = this.memConfig.layout.offsets.memsegs + list.index * MEMSEG_LIST.size;
    return this.#config.readInt32(at + MEMSEG_LIST.offsets.version);
  }

  /** Whether the primary has all pages of segments `first` to `last`. */
  hasPages(list: MemsegList, first: number, last: number): boolean {
    if (list.external) return true; // `place` throws for these
    const mask = this.#arrayOf(list).copyMask();
    for (let segment = first; segment <= last; segment++) if (!mask.has(segment)) return false;
    return true;
  }

  /** The user that page files must belong to; `undefined`: any, because a trusted primary named their paths. */
  get ownerOfPages(): number | undefined {
    const { owner } = this.#context;
    return isTrustedOwner(owner) ? undefined : owner;
  }

  /** False once no process is left that makes or removes pages. */
  get mayChange(): boolean {
    return this.#incarnation !== undefined;
  }

  place(list: MemsegList, segment: number): PagePlace {
    let files = this.#pageFiles.get(list.index);
    if (files === undefined) {
      files = pageFinderFor(list, this.#context);
      this.#pageFiles.set(list.index, files);
    }
    return files.place(list, segment);
  }

  /** Opens the files that {@link copySegments} reads while it holds a lock. */
  openArrays(): void {
    for (const list of this.#lists) if (!list.external) this.#arrayOf(list);
  }

  /** Copies the segments and their mask; the copy is valid until the next one into the same buffer. */
  copySegments(list: MemsegList, which: 0 | 1): FbarrayCopy {
    if (!list.external) return this.#arrayOf(list).copy(which);
    // not kept open: the application may remove such a list and make another one of the same name
    const array = FbarrayFile.open(this.#context.runtimePath, list.array);
    try {
      return array.copy(which);
    } finally {
      array.close();
    }
  }

  #arrayOf(list: MemsegList): FbarrayFile {
    let array = this.#arrays.get(list.array.name);
    if (array === undefined) {
      array = FbarrayFile.open(this.#context.runtimePath, list.array);
      this.#arrays.set(list.array.name, array);
    }
    return array;
  }

  /** Closes the files of a primary that is gone; {@link problem} goes on returning what it returns now. */
  abandon(): void {
    const problem = this.problem();
    this.close();
    if (problem !== undefined) this.#lost = () => problem;
  }

  /** Closing twice is harmless. */
  close(): void {
    this.#lost = () => new MpError('EBADF', 'This memory was detached: call attachMemory again');
    this.#config.close();
    this.#incarnation?.close();
    this.memzones.close();
    for (const array of this.#arrays.values()) array.close();
    this.#page?.close();
    this.#page = undefined;
    // lets go of the mapped page; the closed files refuse to be read themselves
    this.mlock = DEAD_TABLE;
    this.memoryHotplugLock = DEAD_TABLE;
  }

  #died(): MpError {
    return new MpError(
      'ENOPRIMARY',
      `The primary ${this.#incarnation?.pid} of ${this.path} is gone: attach again once it runs, or with { stale: true } to look at what it left`,
      { path: this.path },
    );
  }

  #restarted(pid: number): MpError {
    return new MpError(
      'ERESTARTED',
      `${this.path} belongs to another primary (${pid}) now: detach, call attachMemory again and look everything up anew`,
      { path: this.path },
    );
  }
}
