import type { Dialect } from '../../protocol/dialect.js';
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN } from '../../sys/errno.js';
import type { SocketEndpoint } from '../transport/socket-endpoint.js';
import type { Datagram, Endpoint } from '../transport/transport.js';
import { forward } from './forwarding.js';

export interface FrontOptions {
  readonly socket: SocketEndpoint;
  /** Leads to the other thread. */
  readonly pair: SocketEndpoint;
  readonly pairSocket: DatagramSocket;
  readonly dialect: Dialect;
  /** Names of what is for this thread. */
  readonly names: readonly string[];
  /** How many datagrams may wait for the other thread before this one stops reading. */
  readonly maxHeld: number;
}

/** A primary's socket in the thread that answers the EAL: everything else is handed on to the other thread, in order. */
export class FrontEndpoint implements Endpoint {
  readonly path: string;
  readonly #options: FrontOptions;
  readonly #names: readonly Buffer[];
  readonly #held: Datagram[] = [];
  #onReadable: (() => void) | undefined;

  constructor(options: FrontOptions) {
    this.path = options.socket.path;
    this.#options = options;
    this.#names = options.names.map((name) => Buffer.from(`${name}\0`));
  }

  get fd(): number {
    return this.#options.socket.fd;
  }

  send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    return this.#options.socket.send(bytes, fds, to);
  }

  /** The next datagram for this thread; those for the other one are handed on meanwhile. */
  receive(): Datagram | undefined | number {
    while (this.#held.length < this.#options.maxHeld) {
      const datagram = this.#options.socket.receive();
      if (typeof datagram !== 'object' || this.#isForUs(datagram)) return datagram;
      this.#handOn(datagram);
    }
    this.#options.socket.unwatch(); // until there is room, the kernel's queue pushes back
    return undefined;
  }

  watch(onReadable: () => void): void {
    this.#onReadable = onReadable;
    this.#options.socket.watch(onReadable);
  }

  unwatch(): void {
    this.#onReadable = undefined;
    this.#options.socket.unwatch();
  }

  whenWritable(retry: () => void): void {
    this.#options.socket.whenWritable(retry);
  }

  cancelWritable(): void {
    this.#options.socket.cancelWritable();
  }

  ref(): void {
    this.#options.socket.ref();
  }

  unref(): void {
    this.#options.socket.unref();
  }

  /** Both sockets are the other thread's to close. */
  close(): void {
    this.unwatch();
    this.#options.pair.cancelWritable();
    for (const datagram of this.#held.splice(0)) closeFds(datagram);
  }

  #isForUs({ bytes }: Datagram): boolean {
    const { wireLength, offsets } = this.#options.dialect;
    if (bytes.length !== wireLength) return false;
    return this.#names.some((name) => name.equals(bytes.subarray(offsets.name, offsets.name + name.length)));
  }

  #handOn(datagram: Datagram): void {
    if (this.#held.length > 0) {
      this.#hold(datagram);
      return;
    }
    if (forward(this.#options.pairSocket, datagram) !== -EAGAIN) {
      closeFds(datagram); // what can't be handed on for another reason is lost, as in a full queue of C
      return;
    }
    this.#hold(datagram);
    this.#options.pair.whenWritable(() => this.#drain());
  }

  /** Its bytes are overwritten by the next one; they are a Buffer's, whose `slice` copies nothing. */
  #hold(datagram: Datagram): void {
    this.#held.push({ ...datagram, bytes: new Uint8Array(datagram.bytes) });
  }

  #drain(): void {
    for (let [next] = this.#held; next !== undefined; [next] = this.#held) {
      if (forward(this.#options.pairSocket, next) === -EAGAIN) {
        this.#options.pair.whenWritable(() => this.#drain());
        break;
      }
      closeFds(next);
      this.#held.shift();
    }
    if (this.#onReadable !== undefined) this.#options.socket.watch(this.#onReadable);
  }
}

function closeFds({ fds }: Datagram): void {
  for (const fd of fds) fd.close();
}
