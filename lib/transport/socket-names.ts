import { mkdirSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSecondarySocket, PRIMARY_SOCKET, pidOfSocket } from '../../protocol/paths.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN, ECONNREFUSED, fileError, systemError } from '../../sys/errors.js';
import { FileLock } from '../../sys/file-lock.js';
import { FileIdentity, lstatIfSeen, ownSocketFile, tryUnlink } from '../../sys/files.js';
import type { SocketNamespace } from '../../sys/message-block.js';
import { refuseForeignDirectory } from '../../sys/runtime-owner.js';
import { abstractNames } from '../../sys/unix-sockets.js';
import { debug } from '../diagnostics.js';
import type { Releasable } from './transport.js';

/** What differs between the two namespaces that the sockets' names can be in. */
export interface SocketNames {
  readonly namespace: SocketNamespace;
  /** Makes the place that the names are in, if it has to be made. */
  prepare(): void;
  /** Throws `EACCES` if the place is one that anybody may have made. */
  check(): void;
  /** The lock that starting processes and broadcasts hold against each other; `undefined`: busy. */
  tryLock(kind: 'shared' | 'exclusive'): Releasable | undefined;
  /** Paths of the sockets that a broadcast goes to. */
  secondaries(): string[];
  has(path: string): boolean;
  /** Drops a dead secondary's name. */
  remove(path: string): void;
  /** Sees to it that a name just bound goes away with us. */
  own(path: string): void;
  /** Drops what killed processes left behind. */
  removeStale(): void;
  /** Differs whenever another socket has got the primary's name; `undefined`: nobody has it. */
  primaryIncarnation(): string | undefined;
}

/** What every released DPDK uses: socket files in the runtime directory, guarded by `flock` on it. */
export class FilesystemNames implements SocketNames {
  readonly namespace = 'filesystem';
  readonly #directory: string;
  readonly #primary: FileIdentity;

  constructor(directory: string) {
    this.#directory = directory;
    this.#primary = new FileIdentity(`${directory}/${PRIMARY_SOCKET}`);
  }

  /** As `eal_create_runtime_dir`: two levels, mode 0700, nothing above. */
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
      throw fileError(error, this.#directory, 'Was the runtime directory removed? Reopen the channel');
    }
  }

  has(path: string): boolean {
    return lstatIfSeen(path) !== undefined;
  }

  /** C removes whatever is there; a file that is no socket is somebody's mistake and stays for them to see. */
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

/** The same strings in Linux's abstract namespace: nothing to create, to lock or to clean up. */
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

  /** A connected socket notices by itself when its peer is gone, and no C process is ever here to be hurt. */
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
 * Removes the sockets of killed processes from a runtime directory. Both must hold: the kernel says that nobody is
 * bound there, and the process that its name tells of doesn't exist. Of a living process in another pid namespace
 * the second may be true at any time and the first only between the two halves of its `bind`.
 */
function removeStaleSockets(directory: string): void {
  const suspects = namesIn(directory).filter(isOfDeadProcess);
  if (suspects.length === 0) return;
  const probe = DatagramSocket.open('filesystem');
  if (typeof probe === 'number') return; // out of descriptors: whoever needs one next says so
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

/** What can't be seen can't be removed: whoever starts next looks again. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    debug('stale sockets of %s stay: %s', directory, error);
    return [];
  }
}

/** Whether there is such a process in our pid namespace. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
