import type { Dialect } from '../../protocol/dialect.js';
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN } from '../../sys/errors.js';
import type { SocketEndpoint } from '../transport/socket-endpoint.js';
import type { Datagram, Endpoint } from '../transport/transport.js';

/** How one thread hands datagrams to another: each becomes a datagram of a socket pair, behind its sender's path. */

/** Longer than any datagram of the protocol and any path together. */
const SCRATCH = new Uint8Array(512);
const LENGTH = 1;
/** A datagram that is cut off or too long is of no use to anybody: what is left of it is dropped as malformed. */
const LONGEST = 384;

const NOTHING = new Uint8Array(0);

/** 0 or `-errno`; the descriptors stay the caller's. */
function forward(
  pair: DatagramSocket,
  { bytes: all, truncated, sender = '', fds }: Pick<Datagram, 'bytes' | 'truncated' | 'sender' | 'fds'>,
): number {
  const bytes = truncated ? NOTHING : all.subarray(0, LONGEST);
  const { written } = new TextEncoder().encodeInto(sender, SCRATCH.subarray(LENGTH));
  SCRATCH[0] = written;
  SCRATCH.set(bytes, LENGTH + written);
  const numbers = fds.map(({ fd }) => fd);
  return pair.send(SCRATCH.subarray(0, LENGTH + written + bytes.length), numbers);
}

/** What {@link forward} has sent, as it arrived first. */
function forwarded(datagram: Datagram): Datagram {
  const start = LENGTH + (datagram.bytes[0] ?? 0);
  const sender = new TextDecoder().decode(datagram.bytes.subarray(LENGTH, start));
  return { ...datagram, bytes: datagram.bytes.subarray(start), sender: sender === '' ? undefined : sender };
}

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

/** A public endpoint whose socket another thread reads: this one sends from it, and reads what that one hands on. */
export class ForwardedEndpoint implements Endpoint {
  readonly path: string;
  readonly #public: SocketEndpoint;
  readonly #pair: SocketEndpoint;

  constructor(publicEndpoint: SocketEndpoint, pair: SocketEndpoint) {
    this.path = publicEndpoint.path;
    this.#public = publicEndpoint;
    this.#pair = pair;
  }

  /** Of the socket that there is something to read at. */
  get fd(): number {
    return this.#pair.fd;
  }

  send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    return this.#public.send(bytes, fds, to);
  }

  receive(): Datagram | undefined | number {
    const datagram = this.#pair.receive();
    return typeof datagram === 'object' ? forwarded(datagram) : datagram;
  }

  watch(onReadable: () => void): void {
    this.#pair.watch(onReadable);
  }

  unwatch(): void {
    this.#pair.unwatch();
  }

  whenWritable(retry: () => void): void {
    this.#public.whenWritable(retry);
  }

  cancelWritable(): void {
    this.#public.cancelWritable();
  }

  ref(): void {
    this.#pair.ref();
  }

  unref(): void {
    this.#pair.unref();
  }

  close(): void {
    this.#pair.close();
    this.#public.close();
  }
}
