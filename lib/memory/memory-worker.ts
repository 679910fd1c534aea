/** The memory thread: answers the requests of secondaries' EAL to a primary whose main thread may be busy. */
import { parentPort, workerData } from 'node:worker_threads';
import { DIALECTS } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { HeldLocks } from '../../shm/locks/shared-locks.js';
import { MappedSpace } from '../../shm/primary/mapped-space.js';
import { primarySpace } from '../../shm/primary/primary-space.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { sleep } from '../../sys/poll.js';
import { ChannelCore } from '../channel-core.js';
import { resolveOptions } from '../options.js';
import { ToSecondaries } from '../peers/to-secondaries.js';
import { SocketEndpoint } from '../transport/socket-endpoint.js';
import { FilesystemTransport } from '../transport/socket-names.js';
import { EAL_ACTIONS, EalActions, syncSecondaries } from './eal-actions.js';
import { FrontEndpoint } from './forwarding.js';
import { NO_MEMORY } from './memory-host.js';
import type { MemoryWorkerData, WorkerReport } from './memory-thread.js';

function report(kind: WorkerReport['kind'], error: unknown): void {
  const { code, path } = error instanceof MpError ? error : { code: 'EIO', path: undefined };
  const message = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ kind, code, message, path } satisfies WorkerReport);
}

function run(data: MemoryWorkerData): void {
  const { directory, space, lockTimeoutMs } = data;
  const heldLocks = new HeldLocks(data.heldLocks);
  const dialect = DIALECTS[data.dialect];
  const socket = DatagramSocket.borrow(data.socket.fd);
  const pair = new SocketEndpoint(DatagramSocket.borrow(data.pair), '');
  const endpoint = new FrontEndpoint(socket, data.socket.path, pair, dialect, EAL_ACTIONS);
  const transport = new FilesystemTransport(directory);
  const core = new ChannelCore({
    transport,
    peers: new ToSecondaries(transport, dialect),
    options: resolveOptions({ role: 'primary', given: {} }),
    publicEndpoint: endpoint,
    trustedUids: undefined,
    memory: () => NO_MEMORY,
  });
  core.reportError = (error) => report('error', error);
  core.warn = (warning) => report('warning', warning);
  const primary = primarySpace(MappedSpace.adopt(space), `${directory}/config`, {
    lockTimeoutMs,
    whileWaiting: sleep,
    sync: (action, id) => syncSecondaries(core, action, id),
    held: heldLocks,
  });
  const ealActions = new EalActions(core, primary, heldLocks, directory);
  parentPort?.once('message', () => {
    ealActions.close();
    core.close();
    parentPort?.close();
  });
  parentPort?.postMessage('ready');
}

run(workerData as MemoryWorkerData);
