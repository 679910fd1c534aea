import { DatagramSocket } from './datagram-socket.js';
import { ECONNREFUSED, ENOENT, EPERM } from './errno.js';
import { systemError } from './system-error.js';

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
