/** The thread that answers what the EAL of secondaries asks a primary for, while the main thread may be busy. */
import { parentPort, workerData } from 'node:worker_threads';
import { DIALECTS } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { sleep } from '../../shm/locks/lock-wait.js';
import { Changing, primarySpace } from '../../shm/primary/primary-space.js';
import { SpaceParts } from '../../shm/primary/space.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { ChannelCore } from '../channel-core.js';
import { resolveOptions } from '../options.js';
import { ToSecondaries } from '../peers/to-secondaries.js';
import { SocketEndpoint } from '../transport/socket-endpoint.js';
import { FilesystemNames } from '../transport/socket-names.js';
import { SocketTransport } from '../transport/socket-transport.js';
import { EAL_ACTIONS, EalRequests, syncSecondaries } from './eal-requests.js';
import { FrontEndpoint } from './forwarding.js';
import { NO_MEMORY } from './memory-host.js';
import type { MemoryWorkerData, WorkerReport } from './memory-thread.js';

function report(kind: WorkerReport['kind'], error: unknown): void {
  const { code, path } = error instanceof MpError ? error : { code: 'EIO', path: undefined };
  const message = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ kind, code, message, path } satisfies WorkerReport);
}

function run(data: MemoryWorkerData): void {
  const { directory, space, lockTimeoutMs, maxHeld } = data;
  const changing = new Changing(data.changing);
  const dialect = DIALECTS[data.dialect];
  const pairSocket = DatagramSocket.borrow(data.pair);
  const endpoint = new FrontEndpoint({
    socket: new SocketEndpoint(DatagramSocket.borrow(data.socket.fd), data.socket.path),
    pair: new SocketEndpoint(pairSocket, ''),
    pairSocket,
    dialect,
    names: EAL_ACTIONS,
    maxHeld,
  });
  const transport = new SocketTransport(directory, new FilesystemNames(directory));
  const core = new ChannelCore({
    transport,
    peers: new ToSecondaries(transport, dialect),
    options: resolveOptions({ role: 'primary', given: {} }),
    publicEndpoint: endpoint,
    trustedUids: undefined,
    memory: () => NO_MEMORY,
  });
  core.onError = (error) => report('error', error);
  core.onWarning = (warning) => report('warning', warning);
  const calls = {
    lockTimeoutMs,
    whileWaiting: sleep,
    sync: (action: 'mp_malloc_sync' | 'mp_malloc_rollback', id: bigint) => syncSecondaries(core, action, id),
    changing,
  };
  const requests = new EalRequests(core, {
    space: primarySpace(SpaceParts.adopt(space), `${directory}/config`, calls),
    changing,
    directory,
  });
  parentPort?.once('message', () => {
    requests.close();
    core.close();
    parentPort?.close();
  });
  parentPort?.postMessage('ready');
}

run(workerData as MemoryWorkerData);
