import { isMainThread } from 'node:worker_threads';
import { SocketEndpoint } from '../../lib/transport/socket-endpoint.js';
import { encodeMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import { DEVICE_ACTION, encodeDeviceRequest } from '../../protocol/eal/device.js';
import { MpType } from '../../protocol/message.js';
import { replySocketName } from '../../protocol/paths.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { errnoName, systemError } from '../../sys/errors.js';
import { ownSocketFile } from '../../sys/files.js';

/**
 * How somebody took a request: `'answers'`, `'silent'` (took it, no answer in time), or the errno of what the kernel
 * says to the attempt: `'ECONNREFUSED'` (nobody is bound there), `'EAGAIN'` (its queue is full), and so on.
 */
export type Answer = 'answers' | 'silent' | (string & {});

/** None of `DeviceRequestType`. */
const NO_TYPE = 99;

/**
 * A request that every C process answers once EAL is up, since 18.11, and that changes nothing: a device request of a
 * type that isn't one. A primary logs "unsupported secondary to primary request", a secondary nothing.
 */
export function harmlessRequest(): { name: string; param: Uint8Array } {
  return { name: DEVICE_ACTION, param: encodeDeviceRequest({ type: NO_TYPE, devargs: 'none' }) };
}

/**
 * Asks whoever is bound at `socketPath` the {@link harmlessRequest}, from a socket in `directory` that broadcasts don't
 * reach. Never send anything to a process whose dialect isn't known for sure: a datagram of the wrong length would end
 * its IPC thread. Throws where no socket can be made or bound.
 */
export async function ask(
  directory: string,
  socketPath: string,
  dialect: Dialect,
  timeoutMs: number,
): Promise<Answer> {
  const endpoint = bind(`${directory}/${replySocketName(process.pid, process.hrtime.bigint())}`);
  try {
    const failed = endpoint.send(encodeMessage(dialect, MpType.REQ, harmlessRequest()), [], socketPath);
    if (failed < 0) return errnoName(-failed);
    return (await arrives(endpoint, timeoutMs)) ? 'answers' : 'silent';
  } finally {
    endpoint.close();
  }
}

function bind(path: string): SocketEndpoint {
  const socket = DatagramSocket.open('filesystem');
  if (typeof socket === 'number') throw systemError('socket', socket, path, 'Close some descriptors');
  const failed = writableForAll(() => socket.bind(path));
  if (failed < 0) {
    socket.close();
    throw systemError('bind', failed, path, 'Run as the user that the primary runs as');
  }
  ownSocketFile(path);
  return new SocketEndpoint(socket, path);
}

/** A primary of another user answers root only where it may write: its directory lets nobody else near the socket. */
function writableForAll<T>(bind: () => T): T {
  if (!isMainThread) return bind(); // a worker can't change the mask
  const mask = process.umask(0);
  try {
    return bind();
  } finally {
    process.umask(mask);
  }
}

/** Any datagram will do: nobody but the one we asked knows the address. */
function arrives(endpoint: SocketEndpoint, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    endpoint.watch(() => {
      const datagram = endpoint.receive();
      if (typeof datagram !== 'object') return;
      for (const fd of datagram.fds) fd.close();
      clearTimeout(timer);
      resolve(true);
    });
  });
}
