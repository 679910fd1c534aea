import { readFileSync } from 'node:fs';
import { DatagramSocket } from './datagram-socket.js';
import { ECONNREFUSED, ENOENT, EPERM, systemError, withFileErrors } from './errors.js';
import { linkOf, namesIn, textOf } from './proc.js';

/** A Unix socket that a process of this network namespace has bound to a path. */
export interface BoundSocket {
  /** The path as the owner gave it to `bind`, in its own mount namespace. */
  readonly path: string;
  /** Inode of the socket as in `/proc/<pid>/fd`; the socket file has another one. */
  readonly inode: string;
}

const LIST = '/proc/net/unix';
/** Lines of {@link LIST} are `Num RefCount Protocol Flags Type St Inode Path`; abstract names begin with `@`. */
const LINE = /^(?:\S+ +){6}(\d+) (.+)$/;

function parseBoundSockets(text: string): BoundSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, inode, path] = LINE.exec(line) ?? [];
    return inode === undefined || path === undefined ? [] : [{ inode, path }];
  });
}

/** Returns the sockets that are bound to a path now; the kernel doesn't list those of other network namespaces. */
export function boundSockets(): BoundSocket[] {
  return parseBoundSockets(textOf(LIST) ?? '').filter(({ path }) => path.startsWith('/'));
}

/**
 * Returns the names of the abstract namespace that sockets are bound to now, without the kernel's `@`. Throws `EACCES` and
 * the like where they can't be listed: a broadcast would silently reach no process.
 */
export function abstractNames(): string[] {
  const text = withFileErrors(LIST, () => readFileSync(LIST, 'utf8'), 'Mount /proc');
  const names = parseBoundSockets(text).filter(({ path }) => path.startsWith('@'));
  return [...new Set(names.map(({ path }) => path.slice(1)))];
}

/** `'dead'`: the file is there and no socket is bound to it. `'unknown'`: this user may not connect to it. */
export type SocketState = 'bound' | 'dead' | 'missing' | 'unknown';

/** Asks the kernel which of these paths have a bound socket. Sends nothing. */
export function socketStates(paths: readonly string[]): Map<string, SocketState> {
  const probe = DatagramSocket.open('filesystem');
  if (typeof probe === 'number') throw systemError('socket', probe, 'AF_UNIX');
  try {
    return new Map(paths.map((path) => [path, stateOf(probe.connect(path))]));
  } finally {
    probe.close();
  }
}

function stateOf(result: number): SocketState {
  if (result === -ECONNREFUSED) return 'dead';
  if (result === -ENOENT) return 'missing';
  // EPERM: bound, and connected to another socket
  return result === 0 || result === -EPERM ? 'bound' : 'unknown';
}

/**
 * Returns the pid of a process that has each of these sockets open, by inode. Looks at every descriptor of every
 * process that this user may look at, so ask for all sockets at once.
 */
export function socketOwners(inodes: ReadonlySet<string>): Map<string, number> {
  const owners = new Map<string, number>();
  if (inodes.size === 0) return owners;
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
      if (inode !== undefined && inodes.has(inode) && !owners.has(inode)) owners.set(inode, Number(pid));
    }
    if (owners.size === inodes.size) break;
  }
  return owners;
}
