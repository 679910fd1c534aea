import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { MpError } from '../../protocol/errors.js';
import {
  defaultRuntimeDir,
  PRIMARY_SOCKET,
  runtimePath as pathOf,
  TELEMETRY_SOCKET,
} from '../../protocol/paths.js';
import { nowMs } from '../../sys/clock.js';
import { systemError } from '../../sys/errors.js';
import { type RecordLock, recordLockOn } from '../../sys/file-lock.js';
import { sleep } from '../../sys/poll.js';
import { refuseForeignDirectory } from '../../sys/runtime-owner.js';
import { layoutError } from '../layout/fields.js';
import { isComplete, type MemConfig, parseMemConfig } from '../layout/mem-config.js';
import { LOCK_TIMEOUT_MS } from '../locks/lock-wait.js';
import { Attachment } from './attachment.js';
import { Incarnation } from './incarnation.js';
import type { PageContext } from './page-files.js';
import { SharedFile } from './shared-file.js';
import { SharedMemory, type ZoneAllocator } from './shared-memory.js';

/** Options of `attachMemory`. */
export interface AttachOptions {
  /** DPDK's `--file-prefix`; `'rte'` by default. */
  readonly filePrefix?: string | undefined;
  /** The directory that holds `<filePrefix>/config`; DPDK's own rule by default. */
  readonly runtimeDir?: string | undefined;
  /** Map data pages for writing, too; false by default. */
  readonly writable?: boolean | undefined;
  /**
   * Take the primary's read locks; true by default. Where this is `false`, where `config` can't be written, and in worker
   * threads (`terminate` could leave a lock taken), lookups take no lock: they read each table twice while no writer is inside,
   * and compare, which is almost as safe.
   */
  readonly lock?: boolean | undefined;
  /**
   * Milliseconds that a lookup waits for a lock; 15,000 by default, because a primary that grows its memory while a
   * secondary is mute holds it for 10,000.
   */
  readonly lockTimeoutMs?: number | undefined;
  /** Milliseconds to wait for a primary that is starting; 5,000 by default. */
  readonly startTimeoutMs?: number | undefined;
  /** Where hugetlbfs is mounted here, if that differs from the primary's mount: in a container, for example. */
  readonly hugeDir?: string | undefined;
  /**
   * Map page files without a name (`--huge-unlink`) through the descriptors that the primary has open; false by default.
   * This needs the right to trace the primary: the same user, and a `ptrace_scope` that allows it.
   */
  readonly unlinked?: boolean | undefined;
  /** Attach also to the memory of a dead primary, to look at what it left; false by default. */
  readonly stale?: boolean | undefined;
  /**
   * Called instead of sleeping while a lock is taken or the primary starts; blocks for up to `ms`. For a thread that must
   * serve a socket meanwhile.
   */
  readonly whileWaiting?: ((ms: number) => void) | undefined;
}

const START_TIMEOUT_MS = 5_000;
const START_POLL_MS = 10;

/**
 * Attaches to the shared memory of a live primary, as a C secondary does in `rte_eal_init`, but maps it at any address
 * and leaves no trace: the primary doesn't know of this process, never waits for it in memory hotplug, and another
 * primary can start while it is attached. Data pages are mapped when a zone is used. Of `config`, only the locks are
 * written.
 *
 * Throws `MpError`: `ENOPRIMARY` (never started, or dead), `EAGAIN` (still starting after `startTimeoutMs`), `ENOTSUP`
 * (`--in-memory` or `--no-shconf`: nothing is shared), `EVERSION` (an unknown release), `ELAYOUT` (a shared file isn't as
 * that release has it), `EACCES` (another user's).
 *
 * @example
 * const memory = attachMemory({ filePrefix: 'rte', writable: true });
 * const zone = memory.lookup('SHARED_INFO');
 * if (zone !== undefined) Atomics.store(new Uint32Array(zone.buffer, zone.byteOffset, 1), 0, 1);
 * memory.detach();
 */
export function attachMemory(options: AttachOptions = {}): SharedMemory {
  return attachWith(options, undefined);
}

/** Same as {@link attachMemory}; with an `allocator` where this process is the primary itself. */
export function attachWith(options: AttachOptions, allocator: ZoneAllocator | undefined): SharedMemory {
  const { filePrefix = 'rte', runtimeDir = defaultRuntimeDir(process.env, process.getuid?.() ?? 0) } =
    options;
  const runtimePath = pathOf(runtimeDir, filePrefix);
  refuseForeignDirectory(runtimePath);
  const config = openConfig(runtimePath);
  let incarnation: Incarnation | undefined;
  try {
    const owner = waitForPrimary(config, options);
    if (owner !== undefined) incarnation = new Incarnation(owner.pid, runtimePath);
    const memConfig = parseMemConfig(config.read(Buffer.alloc(config.size), 0), config.path);
    if (owner !== undefined) checkLock(owner, memConfig, config.path);
    const context: PageContext = {
      runtimePath,
      filePrefix,
      hugeDir: options.hugeDir,
      unlinked: options.unlinked ?? false,
      pid: owner?.pid ?? 0,
      config: memConfig,
      owner: config.owner,
    };
    const attachment = new Attachment(config, incarnation, context, (options.lock ?? true) && isMainThread);
    const { writable = false, lockTimeoutMs = LOCK_TIMEOUT_MS, whileWaiting } = options;
    return new SharedMemory(attachment, writable, { timeoutMs: lockTimeoutMs, whileWaiting }, allocator);
  } catch (error) {
    incarnation?.close();
    config.close();
    throw error;
  }
}

/** Returns the lock of a primary that is alive and complete; `undefined` for a dead one where the caller accepts that. */
function waitForPrimary(config: SharedFile, options: AttachOptions): RecordLock | undefined {
  const { stale = false, startTimeoutMs = START_TIMEOUT_MS, whileWaiting = sleep } = options;
  const deadline = nowMs() + startTimeoutMs;
  for (;;) {
    const owner = recordLockOn(config.fd);
    if (typeof owner === 'number') throw systemError('fcntl', owner, config.path);
    if (owner === undefined && !stale) throw deadPrimary(config.path);
    const head = Buffer.alloc(4);
    if (config.size >= head.length && isComplete(config.read(head, 0))) return owner;
    if (owner === undefined) throw deadPrimary(config.path); // it died before it was complete: there is nothing to see
    if (nowMs() >= deadline) throw stillStarting(config.path, startTimeoutMs);
    whileWaiting(START_POLL_MS);
  }
}

/** A primary locks exactly the array of memseg lists, so the lock's start confirms the layout. */
function checkLock(owner: RecordLock, { layout }: MemConfig, path: string): void {
  const expected = layout.offsets.memsegs;
  if (owner.start !== expected)
    throw layoutError(path, "the start of the primary's lock", owner.start, `${expected}`);
}

function openConfig(runtimePath: string): SharedFile {
  const path = `${runtimePath}/config`;
  try {
    return SharedFile.openWritable(path);
  } catch (error) {
    if (!(error instanceof MpError) || error.code !== 'ENOENT') throw error;
    const has = (name: string) => existsSync(`${runtimePath}/${name}`);
    const code = has(TELEMETRY_SOCKET) ? 'ENOTSUP' : 'ENOPRIMARY';
    const message = has(TELEMETRY_SOCKET)
      ? `The primary of ${runtimePath} shares no configuration, so its memory can't be attached: start it without --in-memory and --no-shconf`
      : has(PRIMARY_SOCKET)
        ? `There is an mp_socket in ${runtimePath} but no config: a Node primary shares memory only if it is opened with the option memory`
        : `There is no ${path}: start the primary (in Node with the option memory), and check the file prefix and the runtime directory`;
    throw new MpError(code, message, { path, cause: error });
  }
}

function deadPrimary(path: string): MpError {
  return new MpError(
    'ENOPRIMARY',
    `The primary of ${path} is dead: start it again, or attach with { stale: true } to look at what it left`,
    { path },
  );
}

function stillStarting(path: string, ms: number): MpError {
  return new MpError(
    'EAGAIN',
    `The primary of ${path} was still starting after ${ms} ms: try again, or give a longer startTimeoutMs`,
    { path },
  );
}
