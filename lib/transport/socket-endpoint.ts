import type { Datagram, DatagramSocket } from '../../sys/datagram-socket.js';
import { ECANCELED } from '../../sys/errors.js';
import { removeSocketFile } from '../../sys/files.js';
import { type PollHandle, pollHandle } from '../../sys/libc.js';
import { throwUncaught } from '../errors.js';
import type { Endpoint } from './transport.js';

/** Keeps what the event loop watches from being collected: its handle holds no reference to us. */
const watched = new Set<SocketEndpoint>();

/** A socket on the event loop. Once closed it does nothing: its descriptor's number may be somebody else's by then. */
export class SocketEndpoint implements Endpoint {
  readonly path: string;
  readonly #socket: DatagramSocket;
  #handle: PollHandle | undefined;
  #referenced = true;
  #isClosed = false;
  #isPolled = false;
  #isPolledForWriting = false;
  #onReadable: (() => void) | undefined;
  #onWritable: (() => void) | undefined;

  constructor(socket: DatagramSocket, path: string) {
    this.#socket = socket;
    this.path = path;
  }

  get fd(): number {
    return this.#socket.fd;
  }

  send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    return this.#isClosed ? -ECANCELED : this.#socket.send(bytes, fds, to);
  }

  receive(): Datagram | undefined | number {
    return this.#isClosed ? undefined : this.#socket.receive();
  }

  watch(onReadable: () => void): void {
    this.#onReadable = onReadable;
    this.#update();
  }

  unwatch(): void {
    this.#onReadable = undefined;
    this.#update();
  }

  whenWritable(retry: () => void): void {
    this.#onWritable = retry;
    this.#update();
  }

  cancelWritable(): void {
    this.#onWritable = undefined;
    this.#update();
  }

  ref(): void {
    this.#referenced = true;
    if (this.#onReadable !== undefined || this.#onWritable !== undefined) this.#handle?.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#handle?.unref();
  }

  close(): void {
    this.#isClosed = true;
    this.#onReadable = undefined;
    this.#onWritable = undefined;
    this.#handle?.close();
    this.#handle = undefined;
    watched.delete(this);
    this.#socket.close();
    removeSocketFile(this.path);
  }

  /** Makes the event loop wait for what there are callbacks for. */
  #update(): void {
    if (this.#isClosed) return;
    const readable = this.#onReadable !== undefined;
    const writable = this.#onWritable !== undefined;
    if (!readable && !writable) {
      this.#rest();
      return;
    }
    watched.add(this);
    this.#handle ??= pollHandle(this.#socket.fd);
    if (this.#referenced) this.#handle.ref();
    else this.#handle.unref();
    if (this.#isPolled && !writable && !this.#isPolledForWriting) return;
    this.#isPolled = true;
    this.#isPolledForWriting = writable;
    this.#handle.start({ readable, writable }, () => {
      try {
        this.#ready();
      } catch (error) {
        throwUncaught(error); // koffi's callback has nobody on the stack to catch it
      }
    });
  }

  /**
   * Nobody waits any more. The loop goes on polling for what there is to read, since whoever waits next mostly wants
   * just that and each change takes system calls; it doesn't keep the process alive, and ends when something comes.
   */
  #rest(): void {
    this.#handle?.unref();
    if (this.#isPolledForWriting) this.#stop();
  }

  #stop(): void {
    this.#handle?.stop();
    this.#isPolled = false;
    this.#isPolledForWriting = false;
    watched.delete(this);
  }

  /** The event loop doesn't say reliably which of the two it is; a callback too many finds nothing to do. */
  #ready(): void {
    const retry = this.#onWritable;
    if (retry !== undefined) {
      this.#onWritable = undefined;
      this.#update();
      retry();
    }
    if (this.#onReadable !== undefined) this.#onReadable();
    else if (this.#onWritable === undefined) this.#stop();
  }
}
