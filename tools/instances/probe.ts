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
 * What a process did with a probe: `'answers'`, `'silent'` (it took the request, no answer came in time), or the errno
 * of sending it: `'ECONNREFUSED'` (no process is bound to the socket), `'EAGAIN'` (its queue is full), and so on.
 */
export type ProbeResult = 'answers' | 'silent' | (string & {});

/**
 * Sends {@link probeRequest} to `socketPath`, from a socket in `directory` that broadcasts don't reach. The dialect has
 * to be the receiver's: a datagram of the wrong length ends the IPC thread of a C process. Throws where the socket
 * can't be made or bound.
 */
export async function probe(
  directory: string,
  socketPath: string,
  dialect: Dialect,
  timeoutMs: number,
): Promise<ProbeResult> {
  const endpoint = bind(`${directory}/${replySocketName(process.pid, process.hrtime.bigint())}`);
  try {
    const failed = endpoint.send(encodeMessage(dialect, MpType.REQ, probeRequest()), [], socketPath);
    if (failed < 0) return errnoName(-failed);
    return (await answerArrives(endpoint, timeoutMs)) ? 'answers' : 'silent';
  } finally {
    endpoint.close();
  }
}

/** None of `DeviceRequestType`. */
const UNKNOWN_TYPE = 99;

/**
 * A request that every C process answers once EAL is up, since 18.11, and that changes nothing: a device request of an
 * unknown type. A primary logs "unsupported secondary to primary request", a secondary logs nothing.
 */
export function probeRequest(): { name: string; param: Uint8Array } {
  return { name: DEVICE_ACTION, param: encodeDeviceRequest({ type: UNKNOWN_TYPE, devargs: 'none' }) };
}

function bind(path: string): SocketEndpoint {
  const socket = DatagramSocket.open('filesystem');
  if (typeof socket === 'number') throw systemError('socket', socket, path, 'Close some descriptors');
  const failed = bindForAllUsers(socket, path);
  if (failed < 0) {
    socket.close();
    throw systemError('bind', failed, path, 'Run as the user that the primary runs as');
  }
  ownSocketFile(path);
  return new SocketEndpoint(socket, path);
}

/**
 * Binds with a mode that lets every user write to the socket: a primary of another user answers root only then. The
 * directory keeps other users away. A worker thread can't change the umask.
 */
function bindForAllUsers(socket: DatagramSocket, path: string): number {
  if (!isMainThread) return socket.bind(path);
  const mask = process.umask(0);
  try {
    return socket.bind(path);
  } finally {
    process.umask(mask);
  }
}

/** Takes any datagram for the answer: no other process knows the address. */
function answerArrives(endpoint: SocketEndpoint, timeoutMs: number): Promise<boolean> {
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
