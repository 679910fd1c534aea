import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import type { SpaceDescription } from '../../shm/primary/mapped-space.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { systemError } from '../../sys/errors.js';
import { SocketEndpoint } from '../transport/socket-endpoint.js';
import { ForwardedEndpoint } from './forwarding.js';

/** What the thread is told. */
export interface MemoryWorkerData {
  readonly directory: string;
  readonly dialect: DialectId;
  readonly space: SpaceDescription;
  readonly lockTimeoutMs: number;
  /** Of `Changing`. */
  readonly changing: Int32Array;
  /** The primary's socket and its path. */
  readonly socket: { readonly fd: number; readonly path: string };
  /** This thread's end of the pair that leads to the main thread. */
  readonly pair: number;
  readonly maxHeld: number;
}

/** An error on its way to the main thread. */
export interface WorkerReport {
  readonly kind: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly path: string | undefined;
}

/** What went wrong there. */
export interface ThreadReport {
  readonly kind: 'error' | 'warning';
  readonly error: unknown;
}

/** The worker thread that reads a primary's socket, answers the EAL, and hands everything else on. */
export class MemoryThread {
  /** What the channel uses in place of its socket. */
  readonly endpoint: ForwardedEndpoint;
  onMessage: (message: ThreadReport) => void = () => {};
  readonly #worker: Worker;
  readonly #otherEnd: DatagramSocket;
  readonly #exited: Promise<unknown>;

  private constructor(worker: Worker, endpoint: ForwardedEndpoint, otherEnd: DatagramSocket) {
    this.#worker = worker;
    this.endpoint = endpoint;
    this.#otherEnd = otherEnd;
    this.#exited = new Promise((resolve) => worker.once('exit', resolve)); // also after an error
    worker.on('message', (message: WorkerReport) => this.onMessage(revived(message)));
    worker.on('error', (cause) => this.onMessage({ kind: 'error', error: ended(cause) }));
    worker.unref(); // the channel's own end of the pair keeps the process alive
  }

  /** Starts it; from now on it alone reads the socket. */
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
    // the sources run as they are in our tests
    const script = new URL(`./memory-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = startWorker(script, { workerData, name: 'dpdk-ipc memory' });
    try {
      await once(worker, 'message');
    } catch (error) {
      ours.close();
      theirs.close();
      throw new MpError('EIO', 'The memory thread did not start: see the cause', { cause: error });
    }
    const endpoint = new ForwardedEndpoint(publicEndpoint, new SocketEndpoint(ours, ''));
    return new MemoryThread(worker, endpoint, theirs);
  }

  /** Lets it finish what it is answering; then its memory and its sockets may go. */
  async stop(): Promise<void> {
    this.#worker.ref(); // the channel's own end may be unreferenced
    this.#worker.postMessage('stop');
    await this.#exited;
    this.#otherEnd.close();
  }
}

/** With `--input-type`, which threads inherit, Node takes no file, but a text that leads there. */
function startWorker(script: URL, options: WorkerOptions): Worker {
  const isTextWanted = process.execArgv.some((arg) => arg.startsWith('--input-type'));
  if (!isTextWanted) return new Worker(script, options);
  return new Worker(`import(${JSON.stringify(script.href)})`, { ...options, eval: true });
}

/** Nobody reads the socket any more. */
function ended(cause: unknown): MpError {
  return new MpError('EIO', 'The memory thread has ended: close the channel, and open another one', {
    cause,
  });
}

/** An error's class doesn't survive the way from thread to thread. */
function revived({ kind, code, message, path }: WorkerReport): ThreadReport {
  return { kind, error: new MpError(code, message, path === undefined ? {} : { path }) };
}
