import { mkdirSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSecondarySocket, PRIMARY_SOCKET, pidOfSocket } from '../../protocol/paths.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN, ECONNREFUSED, fileError, systemError } from '../../sys/errors.js';
import { FileLock } from '../../sys/file-lock.js';
import { FileIdentity, lstatIfSeen, ownSocketFile, tryUnlink } from '../../sys/files.js';
import { refuseForeignDirectory } from '../../sys/runtime-owner.js';
import type { SocketNamespace } from '../../sys/sockaddr.js';
import { abstractNames } from '../../sys/unix-sockets.js';
import { debug } from '../diagnostics.js';
import type { Releasable } from './transport.js';

/** The names of one prefix's sockets, in one of the two namespaces. */
export interface SocketNames {
  readonly namespace: SocketNamespace;
  /** Makes the directory that the names are in, if the namespace has one. */
  prepare(): void;
  /** Throws `EACCES` if any user could have made that directory. */
  check(): void;
  /** Takes the lock that starting processes and broadcasts exclude each other with; returns `undefined` while it is held. */
  tryLock(kind: 'shared' | 'exclusive'): Releasable | undefined;
  /** Returns the paths of the sockets that a broadcast goes to. */
  secondaries(): string[];
  /** Whether the name exists. */
  has(path: string): boolean;
  /** Removes a dead process's name. */
  remove(path: string): void;
  /** Has a name that was just bound removed when this process exits. */
  own(path: string): void;
  /** Removes the names that killed processes left behind. */
  removeStale(): void;
  /** Identifies the socket that has the primary's name: changes when another socket gets it; `undefined` if none has it. */
  primaryIncarnation(): string | undefined;
}

/** Socket files in the runtime directory, guarded by `flock` on it: what every released DPDK uses. */
export class FilesystemNames implements SocketNames {
  readonly namespace = 'filesystem';
  readonly #directory: string;
  readonly #primary: FileIdentity;

  constructor(directory: string) {
    this.#directory = directory;
    this.#primary = new FileIdentity(`${directory}/${PRIMARY_SOCKET}`);
  }

  /** Makes two levels with mode 0700 and nothing above them, as `eal_create_runtime_dir` does. */
  prepare(): void {
    for (const path of [dirname(this.#directory), this.#directory]) {
      try {
        mkdirSync(path, 0o700);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw fileError(error, path, directoryHint(error));
      }
    }
    this.check();
  }

  check(): void {
    refuseForeignDirectory(this.#directory);
  }

  tryLock(kind: 'shared' | 'exclusive'): Releasable | undefined {
    let lock: FileLock | number;
    try {
      lock = FileLock.tryLock(this.#directory, kind);
    } catch (error) {
      throw fileError(
        error,
        this.#directory,
        'Check that the runtime directory exists and that you may read it',
      );
    }
    if (lock === -EAGAIN) return undefined;
    if (typeof lock === 'number')
      throw systemError('flock', lock, this.#directory, 'Use a local file system');
    return lock;
  }

  secondaries(): string[] {
    try {
      return readdirSync(this.#directory, { withFileTypes: true })
        .filter((entry) => isSecondarySocket(entry.name) && (entry.isSocket() || entry.isSymbolicLink()))
        .map((entry) => `${this.#directory}/${entry.name}`);
    } catch (error) {
      throw fileError(error, this.#directory, 'If the runtime directory was removed, open the channel again');
    }
  }

  has(path: string): boolean {
    return lstatIfSeen(path) !== undefined;
  }

  /** Removes sockets only. C removes any file; here a file that is no socket stays, so that its owner finds it. */
  remove(path: string): void {
    if (lstatIfSeen(path)?.isSocket()) tryUnlink(path);
  }

  own(path: string): void {
    ownSocketFile(path);
  }

  removeStale(): void {
    removeStaleSockets(this.#directory);
  }

  primaryIncarnation(): string | undefined {
    return this.#primary.current();
  }
}

/** The same names in Linux's abstract namespace, where there is nothing to create, to lock or to clean up. */
export class AbstractNames implements SocketNames {
  readonly namespace = 'abstract';
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  prepare(): void {}

  check(): void {}

  tryLock(): Releasable {
    return { release() {} };
  }

  secondaries(): string[] {
    const start = `${this.#directory}/`;
    return abstractNames().filter(
      (path) => path.startsWith(start) && isSecondarySocket(path.slice(start.length)),
    );
  }

  has(path: string): boolean {
    return abstractNames().includes(path);
  }

  remove(): void {}

  own(): void {}

  removeStale(): void {}

  /** Always the same: a connected socket reports that its peer is gone, and no C process uses this namespace. */
  primaryIncarnation(): string {
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
