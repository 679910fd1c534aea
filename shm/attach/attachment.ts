import { statSync } from 'node:fs';
import { MpError } from '../../protocol/errors.js';
import { PRIMARY_SOCKET } from '../../protocol/paths.js';
import { systemError } from '../../sys/errors.js';
import { recordLockOn } from '../../sys/file-lock.js';
import { ProcessHandle, startTimeOf } from '../../sys/proc.js';
import type { MemConfig } from '../layout/mem-config.js';
import { LIST_VERSION, type MemsegList, readMemsegLists } from '../layout/memseg.js';
import { MAX_MEMSEG_LISTS, MEMSEG_LIST_SIZE } from '../layout/releases.js';
import { RWLOCK_FORMATS, RwLock } from '../locks/rwlock.js';
import { DEAD_TABLE, ReadLockedTable, type TableLock, UnlockedTable } from '../locks/table-lock.js';
import { type FbarrayCopy, FbarrayFile } from './fbarray-file.js';
import { ownerOfPages, type PageContext, type PageFiles, type PagePlace, pageFilesOf } from './page-files.js';
import { ConfigPage, type SharedFile } from './shared-file.js';
import type { PageTable } from './window.js';

/** What `attachMemory` found. */
export interface AttachmentParts {
  readonly config: SharedFile;
  readonly memConfig: MemConfig;
  /** `undefined`: the primary is dead, and the caller wants its memory nevertheless. */
  readonly incarnation: Incarnation | undefined;
  readonly context: PageContext;
  /** Take the locks where `config` is writable. */
  readonly lock: boolean;
}

interface TableLocks {
  readonly mlock: TableLock;
  readonly memoryHotplugLock: TableLock;
}

/** Files that are closed refuse to be read themselves. */
const NO_LOCKS: TableLocks = { mlock: DEAD_TABLE, memoryHotplugLock: DEAD_TABLE };

/** The shared files of one primary, open, and whether they are still that primary's. */
export class Attachment implements PageTable {
  readonly memConfig: MemConfig;
  readonly memzones: FbarrayFile;
  readonly #config: SharedFile;
  readonly #incarnation: Incarnation | undefined;
  readonly #context: PageContext;
  readonly #arrays = new Map<string, FbarrayFile>();
  readonly #pageFiles = new Map<number, PageFiles>();
  #lists: readonly MemsegList[];
  /** What is mapped of `config`, and the locks in it; nobody has them after `close`. */
  #page: ConfigPage | undefined;
  #locks: TableLocks = NO_LOCKS;
  /** Makes the error for good: a fresh one each time, whose stack tells who asked. */
  #lost: (() => MpError) | undefined;
  /** The process that we attached to; `undefined` where it can't be seen. */
  readonly #process: ProcessHandle | undefined;

  /** Owns `config` from here on, also when it throws. */
  constructor(parts: AttachmentParts) {
    this.#config = parts.config;
    this.memConfig = parts.memConfig;
    this.#incarnation = parts.incarnation;
    this.#context = parts.context;
    this.#lists = parts.memConfig.lists;
    try {
      this.memzones = FbarrayFile.open(parts.context.runtimePath, parts.memConfig.memzones);
    } catch (error) {
      parts.config.close();
      throw error;
    }
    this.#process = this.#openProcess();
    try {
      this.#locks = this.#makeLocks(parts);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Protects the memzone table. */
  get mlock(): TableLock {
    return this.#locks.mlock;
  }

  /** Protects lists and segments. */
  get memoryHotplugLock(): TableLock {
    return this.#locks.memoryHotplugLock;
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
    // who has the lock is alive, so its pid means the process that it meant when we attached, if that is alive, too
    if (owner.pid === this.#incarnation?.pid && this.#process?.isAlive === true) return undefined;
    if (this.#isStill(owner.pid)) return undefined;
    this.#lost = () => this.#restarted(owner.pid);
    return this.#lost();
  }

  /** Throws {@link problem}. */
  requireUsable(): void {
    const problem = this.problem();
    if (problem !== undefined) throw problem;
  }

  #isStill(pid: number): boolean {
    const now = incarnationOf(pid, this.#context.runtimePath);
    return this.#incarnation !== undefined && isSameIncarnation(this.#incarnation, now);
  }

  #openProcess(): ProcessHandle | undefined {
    const pid = this.#incarnation?.pid ?? 0;
    const handle = pid > 0 ? ProcessHandle.open(pid) : undefined;
    if (typeof handle !== 'object') return undefined;
    if (this.#isStill(pid)) return handle;
    handle.close(); // it died since, and the pid is another process's
    return undefined;
  }

  /** The list that holds this address: `rte_mem_virt2memseg_list`. */
  listAt(addr: number): MemsegList | undefined {
    const find = () => this.#lists.find(({ base, length }) => base <= addr && addr < base + length);
    const known = find();
    if (known !== undefined) return known;
    this.readLists(); // an external heap may have come since
    return find();
  }

  readLists(): readonly MemsegList[] {
    const bytes = Buffer.alloc(MAX_MEMSEG_LISTS * MEMSEG_LIST_SIZE);
    this.#config.read(bytes, this.memConfig.layout.offsets.memsegs);
    this.#lists = readMemsegLists({ bytes, path: this.path }, 0);
    return this.#lists;
  }

  versionOf(list: MemsegList): number {
    return this.#config.readInt32(
      this.memConfig.layout.offsets.memsegs + list.index * MEMSEG_LIST_SIZE + LIST_VERSION,
    );
  }

  hasPages(list: MemsegList, first: number, last: number): boolean {
    if (list.external) return true; // `place` says why they can't be had
    const mask = this.#arrayOf(list).copyMask();
    for (let segment = first; segment <= last; segment++) if (!mask.has(segment)) return false;
    return true;
  }

  get ownerOfPages(): number | undefined {
    return ownerOfPages(this.#context);
  }

  get mayChange(): boolean {
    return this.#incarnation !== undefined;
  }

  place(list: MemsegList, segment: number): PagePlace {
    let files = this.#pageFiles.get(list.index);
    if (files === undefined) {
      files = pageFilesOf(list, this.#context);
      this.#pageFiles.set(list.index, files);
    }
    return files.place(list, segment);
  }

  /** Opens what `copySegments` needs, which holds a lock. */
  openArrays(): void {
    for (const list of this.#lists) if (!list.external) this.#arrayOf(list);
  }

  /** Segments and their mask; the copy is valid until the next one into the same buffer. */
  copySegments(list: MemsegList, which: 0 | 1): FbarrayCopy {
    if (!list.external) return this.#arrayOf(list).copy(which);
    // the application may have removed such a list, and made another of the same name
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

  /** Closes the files of a primary that is gone; what it says of that stays the same. */
  abandon(): void {
    const problem = this.problem();
    this.close();
    if (problem !== undefined) this.#lost = () => problem;
  }

  /** Closing twice is harmless. */
  close(): void {
    this.#lost = () => new MpError('EBADF', 'This memory was detached: call attachMemory again');
    this.#config.close();
    this.#process?.close();
    this.memzones.close();
    for (const array of this.#arrays.values()) array.close();
    this.#page?.close();
    this.#page = undefined;
    this.#locks = NO_LOCKS;
  }

  #makeLocks({ lock, config }: AttachmentParts): TableLocks {
    const { mlock, memoryHotplugLock } = this.memConfig.layout.offsets;
    if (lock && config.writable && this.#incarnation !== undefined) this.#page = ConfigPage.map(config);
    return { mlock: this.#lockAt(mlock), memoryHotplugLock: this.#lockAt(memoryHotplugLock) };
  }

  #lockAt(offset: number): TableLock {
    if (this.#incarnation === undefined) return DEAD_TABLE;
    const format = this.memConfig.layout.rwlock;
    if (this.#page !== undefined) return new ReadLockedTable(new RwLock(this.#page.words, offset, format));
    return new UnlockedTable(() => this.#config.readInt32(offset), RWLOCK_FORMATS[format]);
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
      `${this.path} belongs to another primary (${pid}) by now: detach, call attachMemory again and look everything up anew`,
      { path: this.path },
    );
  }
}

/**
 * What tells one life of a primary from the next, which reuses the same files: its pid and when that process started,
 * or, where that can't be seen, the socket that it bound. A pid alone doesn't: in a container every start may get the same one.
 */
export interface Incarnation {
  /** 0 or less when the owner of the lock can't be seen from here: another pid namespace. */
  readonly pid: number;
  readonly startTime: string | undefined;
  readonly socket: string | undefined;
}

export function incarnationOf(pid: number, runtimePath: string): Incarnation {
  return { pid, startTime: startTimeOf(pid), socket: socketIdentity(`${runtimePath}/${PRIMARY_SOCKET}`) };
}

/** What isn't known on either side decides nothing: a primary that cleaned up has no socket any more. */
function isSameIncarnation(a: Incarnation, b: Incarnation): boolean {
  if (a.pid !== b.pid) return false;
  if (a.startTime !== undefined && b.startTime !== undefined) return a.startTime === b.startTime;
  return agree(a.socket, b.socket);
}

function agree(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function socketIdentity(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return `${stat.ino}:${stat.birthtimeNs}`; // not the time of change: somebody may set its mode
  } catch {
    return undefined; // the primary cleaned up, or we gave up our rights since we attached
  }
}
