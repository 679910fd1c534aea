import type { Datagram, DatagramSocket } from '../../sys/datagram-socket.js';
import { ECANCELED } from '../../sys/errors.js';
import { removeSocketFile } from '../../sys/files.js';
import { type PollHandle, pollHandle } from '../../sys/libc.js';
import { throwUncaught } from '../errors.js';
import type { Endpoint } from './transport.js';

/** Endpoints that the event loop watches. It keeps them from being collected: their handles hold no reference to them. */
const watched = new Set<SocketEndpoint>();

/** A socket on the event loop. A closed one does nothing, because its descriptor's number may have been used again. */
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

  /** Makes the event loop wait for the events that there are callbacks for. */
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
        throwUncaught(error); // koffi's callback has no JavaScript caller that could catch it
      }
    });
  }

  /**
   * Called when there are no callbacks any more. The loop goes on polling for reading until a datagram arrives, without
   * keeping the process alive: the next callback mostly waits for reading, and each change takes system calls.
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

  /** Calls both callbacks: the event loop doesn't say reliably which event it was, and a needless call does no harm. */
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
