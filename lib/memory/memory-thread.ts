import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import type { SpaceDescription } from '../../shm/primary/mapped-space.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { systemError } from '../../sys/errors.js';
import type { SocketEndpoint } from '../transport/socket-endpoint.js';
import { ForwardedEndpoint } from './forwarding.js';

/** `workerData` of the memory thread. */
export interface MemoryWorkerData {
  readonly directory: string;
  readonly dialect: DialectId;
  readonly space: SpaceDescription;
  readonly lockTimeoutMs: number;
  /** Shared flags: which locks the main thread holds. */
  readonly heldLocks: Int32Array;
  /** The primary's socket. */
  readonly socket: { readonly fd: number; readonly path: string };
  /** Descriptor of the thread's end of the socket pair that leads to the main thread. */
  readonly pair: number;
}

/** An error or warning as the memory thread posts it: an error's class doesn't survive the way between threads. */
export interface WorkerReport {
  readonly kind: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly path: string | undefined;
}

/** The worker thread that reads a primary's socket, answers the secondaries' EAL, and forwards all other messages. */
export class MemoryThread {
  /** What the channel uses in place of its socket. */
  readonly endpoint: ForwardedEndpoint;
  onError: (error: MpError) => void = () => {};
  onWarning: (warning: MpError) => void = () => {};
  readonly #worker: Worker;
  readonly #otherEnd: DatagramSocket;
  readonly #exited: Promise<unknown>;

  private constructor(worker: Worker, endpoint: ForwardedEndpoint, otherEnd: DatagramSocket) {
    this.#worker = worker;
    this.endpoint = endpoint;
    this.#otherEnd = otherEnd;
    this.#exited = new Promise((resolve) => worker.once('exit', resolve)); // also after an error
    worker.on('message', ({ kind, code, message, path }: WorkerReport) => {
      const error = new MpError(code, message, path === undefined ? {} : { path });
      if (kind === 'warning') this.onWarning(error);
      else this.onError(error);
    });
    worker.on('error', (cause) => this.onError(threadEndedError(cause)));
    worker.unref(); // the channel's own end of the pair keeps the process alive
  }

  /** Starts the thread. From then on only the thread reads the socket. */
  static async start(
    publicEndpoint: SocketEndpoint,
    data: Omit<MemoryWorkerData, 'socket' | 'pair'>,
  ): Promise<MemoryThread> {
    const pair = DatagramSocket.pair();
    if (typeof pair === 'number')
      throw systemError('socketpair', pair, data.directory, 'Raise the limit of open files');
    const [ours, theirs] = pair;
    const { fd, path } = publicEndpoint;
    const workerData: MemoryWorkerData = { ...data, socket: { fd, path }, pair: theirs.fd };
    // its extension is that of this file: .ts when the sources run as they are
    const script = new URL(`./memory-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = startWorker(script, { workerData, name: 'dpdk-ipc memory' });
    try {
      await once(worker, 'message');
    } catch (error) {
      ours.close();
      theirs.close();
      throw new MpError('EIO', 'The memory thread did not start: see the cause', { cause: error });
    }
    const endpoint = new ForwardedEndpoint(publicEndpoint, ours);
    return new MemoryThread(worker, endpoint, theirs);
  }

  /** Waits until the thread has answered its present request and ended. Then its memory and sockets may be closed. */
  async stop(): Promise<void> {
    this.#worker.ref(); // the channel's own end may be unreferenced
    this.#worker.postMessage('stop');
    await this.#exited;
    this.#otherEnd.close();
  }
}

/** Starts a worker. Under `--input-type`, which threads inherit, Node takes no file, but a text that imports it. */
function startWorker(script: URL, options: WorkerOptions): Worker {
  const isTextWanted = process.execArgv.some((arg) => arg.startsWith('--input-type'));
  if (!isTextWanted) return new Worker(script, options);
  return new Worker(`import(${JSON.stringify(script.href)})`, { ...options, eval: true });
}

function threadEndedError(cause: unknown): MpError {
  const message =
    'The memory thread has ended, and nothing reads the socket: close the channel, and open another one';
  return new MpError('EIO', message, { cause });
}
