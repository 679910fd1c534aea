import { DatagramSocket } from './datagram-socket.js';
import { ECONNREFUSED, ENOENT, EPERM, systemError } from './errors.js';
import { textOf } from './proc.js';

/** A Unix socket bound to a path by some process of this network namespace. */
export interface BoundSocket {
  /** As its owner spelled it, in its own mount namespace. */
  readonly path: string;
  /** The socket's, as in `/proc/<pid>/fd`; not that of the file. */
  readonly inode: string;
}

/** Lines of /proc/net/unix are `Num RefCount Protocol Flags Type St Inode Path`; abstract names begin with `@`. */
const LINE = /^(?:\S+ +){6}(\d+) (\/.*)$/;

/** The sockets that are bound right now; those of other network namespaces aren't listed. */
export function boundSockets(): BoundSocket[] {
  return (textOf('/proc/net/unix') ?? '').split('\n').flatMap((line) => {
    const [, inode, path] = LINE.exec(line) ?? [];
    return inode === undefined || path === undefined ? [] : [{ inode, path }];
  });
}

/** `'dead'`: the file is there and nobody is bound to it. `'unknown'`: not ours to connect to. */
export type SocketState = 'bound' | 'dead' | 'missing' | 'unknown';

/** Asks the kernel, without sending anything, who of these is bound. */
export function socketStates(paths: readonly string[]): Map<string, SocketState> {
  const probe = DatagramSocket.open('filesystem');
  if (typeof probe === 'number') throw systemError('socket', probe, 'AF_UNIX', 'Close some descriptors');
  try {
    return new Map(paths.map((path) => [path, stateOf(probe.connect(path))]));
  } finally {
    probe.close();
  }
}

function stateOf(result: number): SocketState {
  if (result === -ECONNREFUSED) return 'dead';
  if (result === -ENOENT) return 'missing';
  // EPERM: bound, and connected to somebody else
  return result === 0 || result === -EPERM ? 'bound' : 'unknown';
}
