import { mkdirSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSecondarySocket, pidOfSocket } from '../../protocol/paths.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN, ECONNREFUSED, fileError, systemError } from '../../sys/errors.js';
import { FileLock } from '../../sys/file-lock.js';
import { FileIdentity, lstatIfSeen, ownSocketFile, tryUnlink } from '../../sys/files.js';
import { refuseForeignDirectory } from '../../sys/runtime-owner.js';
import { abstractNames } from '../../sys/unix-sockets.js';
import { debug } from '../diagnostics.js';
import { SocketTransport } from './socket-transport.js';
import type { Releasable } from './transport.js';

/** Socket files in the runtime directory, guarded by `flock` on it: what every released DPDK uses. */
export class FilesystemTransport extends SocketTransport {
  protected override readonly namespace = 'filesystem';
  readonly #primary = new FileIdentity(this.primaryPath);

  /** Makes two levels with mode 0700 and nothing above them, as `eal_create_runtime_dir` does. */
  protected override prepare(): void {
    for (const path of [dirname(this.directory), this.directory]) {
      try {
        mkdirSync(path, 0o700);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw fileError(error, path, directoryHint(error));
      }
    }
    this.check();
  }

  override check(): void {
    refuseForeignDirectory(this.directory);
  }

  protected override tryLock(kind: 'shared' | 'exclusive'): Releasable | undefined {
    let lock: FileLock | number;
    try {
      lock = FileLock.tryLock(this.directory, kind);
    } catch (error) {
      throw fileError(
        error,
        this.directory,
        'Check that the runtime directory exists and that you may read it',
      );
    }
    if (lock === -EAGAIN) return undefined;
    if (typeof lock === 'number') throw systemError('flock', lock, this.directory, 'Use a local file system');
    return lock;
  }

  override secondaries(): string[] {
    try {
      return readdirSync(this.directory, { withFileTypes: true })
        .filter((entry) => isSecondarySocket(entry.name) && (entry.isSocket() || entry.isSymbolicLink()))
        .map((entry) => `${this.directory}/${entry.name}`);
    } catch (error) {
      throw fileError(error, this.directory, 'If the runtime directory was removed, open the channel again');
    }
  }

  override exists(path: string): boolean {
    return lstatIfSeen(path) !== undefined;
  }

  /** Removes sockets only. C removes any file; here a file that is no socket stays, so that its owner finds it. */
  override forgetSecondary(path: string): void {
    if (lstatIfSeen(path)?.isSocket()) tryUnlink(path);
  }

  protected override own(path: string): void {
    ownSocketFile(path);
  }

  protected override removeStale(): void {
    removeStaleSockets(this.directory);
  }

  override primaryIncarnation(): string | undefined {
    return this.#primary.current();
  }
}

/** The same sockets in Linux's abstract namespace, where there is nothing to create, to lock or to clean up. */
export class AbstractTransport extends SocketTransport {
  protected override readonly namespace = 'abstract';

  protected override tryLock(): Releasable {
    return { release() {} };
  }

  override secondaries(): string[] {
    const start = `${this.directory}/`;
    return abstractNames().filter(
      (path) => path.startsWith(start) && isSecondarySocket(path.slice(start.length)),
    );
  }

  override exists(path: string): boolean {
    return abstractNames().includes(path);
  }

  /** Always the same: a connected socket reports that its peer is gone, and no C process uses this namespace. */
  override primaryIncarnation(): string {
    return '';
  }
}

function directoryHint(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'EACCES'
    ? 'Run as the user that the primary runs as, or set runtimeDir to a directory that you may write to'
    : 'Create the directory above it, or set runtimeDir to one that you may write to';
}

/**
 * Removes the sockets of killed processes from a runtime directory. It removes a socket if the process in its name doesn't
 * exist, and the kernel refuses a connection. For a living process in another pid namespace the first may be true at any
 * time, the second only for a moment during its `bind`.
 */
function removeStaleSockets(directory: string): void {
  const suspects = namesIn(directory).filter(isOfDeadProcess);
  if (suspects.length === 0) return;
  const probe = DatagramSocket.open('filesystem');
  if (typeof probe === 'number') return; // out of descriptors, as the next call that needs one reports
  try {
    for (const name of suspects) {
      const path = `${directory}/${name}`;
      if (probe.connect(path) === -ECONNREFUSED) tryUnlink(path);
    }
  } finally {
    probe.close();
  }
}

function isOfDeadProcess(name: string): boolean {
  const pid = pidOfSocket(name);
  return pid !== undefined && !processExists(pid);
}

/** Returns the names in `directory`; none if it can't be read. Stale sockets stay then, until the next process starts. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    debug('stale sockets of %s stay: %s', directory, error);
    return [];
  }
}

/** Whether a process with this id exists in this process's pid namespace. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
