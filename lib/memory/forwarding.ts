import type { Dialect } from '../../protocol/dialect.js';
import type { Datagram, DatagramSocket } from '../../sys/datagram-socket.js';
import { EAGAIN } from '../../sys/errors.js';
import { SocketEndpoint } from '../transport/socket-endpoint.js';

/**
 * How many datagrams wait for a busy main thread before the memory thread stops reading; then EAL's requests wait as
 * well.
 */
const MAX_HELD = 1024;

/**
 * A primary's socket in the memory thread. It returns the datagrams for this thread, and forwards all others to the main
 * thread, in order, through a socket pair. The main thread owns both sockets and closes them.
 */
export class FrontEndpoint extends SocketEndpoint {
  readonly #pair: SocketEndpoint;
  readonly #dialect: Dialect;
  readonly #names: readonly Buffer[];
  readonly #held: Datagram[] = [];
  #onReadable: (() => void) | undefined;

  /**
   * @param pair this thread's end of the socket pair
   * @param names names of the messages for this thread
   */
  constructor(
    socket: DatagramSocket,
    path: string,
    pair: SocketEndpoint,
    dialect: Dialect,
    names: readonly string[],
  ) {
    super(socket, path);
    this.#pair = pair;
    this.#dialect = dialect;
    this.#names = names.map((name) => Buffer.from(`${name}\0`));
  }

  /** Returns the next datagram for this thread, and forwards those before it that are for the main thread. */
  override receive(): Datagram | undefined | number {
    while (this.#held.length < MAX_HELD) {
      const datagram = super.receive();
      if (typeof datagram !== 'object' || this.#isForThisThread(datagram)) return datagram;
      this.#forward(datagram);
    }
    super.unwatch(); // until the main thread reads on; further datagrams wait in the kernel's queue
    return undefined;
  }

  override watch(onReadable: () => void): void {
    this.#onReadable = onReadable;
    super.watch(onReadable);
  }

  override unwatch(): void {
    this.#onReadable = undefined;
    super.unwatch();
  }

  override close(): void {
    this.unwatch();
    this.#pair.cancelWritable();
    for (const datagram of this.#held.splice(0)) closeFds(datagram);
  }

  #isForThisThread({ bytes }: Datagram): boolean {
    const { wireLength, offsets } = this.#dialect;
    if (bytes.length !== wireLength) return false;
    return this.#names.some((name) => name.equals(bytes.subarray(offsets.name, offsets.name + name.length)));
  }

  #forward(datagram: Datagram): void {
    if (this.#held.length > 0) {
      this.#hold(datagram);
      return;
    }
    if (sendWithSender(this.#pair, datagram) !== -EAGAIN) {
      closeFds(datagram); // after any other error it is lost, as a datagram is in a full queue of C
      return;
    }
    this.#hold(datagram);
    this.#pair.whenWritable(() => this.#drain());
  }

  /** Copies the bytes, because the next datagram overwrites them. They are a Buffer, whose `slice` copies nothing. */
  #hold(datagram: Datagram): void {
    this.#held.push({ ...datagram, bytes: new Uint8Array(datagram.bytes) });
  }

  #drain(): void {
    for (let [next] = this.#held; next !== undefined; [next] = this.#held) {
      if (sendWithSender(this.#pair, next) === -EAGAIN) {
        this.#pair.whenWritable(() => this.#drain());
        break;
      }
      closeFds(next);
      this.#held.shift();
    }
    if (this.#onReadable !== undefined) super.watch(this.#onReadable);
  }
}

function closeFds({ fds }: Datagram): void {
  for (const fd of fds) fd.close();
}

/** A primary's socket in the main thread: sends from it, and receives what the memory thread forwards. */
export class ForwardedEndpoint extends SocketEndpoint {
  readonly #public: SocketEndpoint;

  /** @param pair this thread's end of the socket pair */
  constructor(publicEndpoint: SocketEndpoint, pair: DatagramSocket) {
    super(pair, publicEndpoint.path);
    this.#public = publicEndpoint;
  }

  override send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    return this.#public.send(bytes, fds, to);
  }

  override receive(): Datagram | undefined | number {
    const datagram = super.receive();
    return typeof datagram === 'object' ? withoutSender(datagram) : datagram;
  }

  override whenWritable(retry: () => void): void {
    this.#public.whenWritable(retry);
  }

  override cancelWritable(): void {
    this.#public.cancelWritable();
  }

  override close(): void {
    this.#public.close();
    super.close();
  }
}

// On the socket pair a datagram is: the length of its sender's path (one byte), that path, its own bytes.

/** Longer than any datagram of the protocol and any path together. */
const SCRATCH = new Uint8Array(512);
const PATH_LENGTH = 1;
/** Bytes that are forwarded of a datagram. A truncated or longer one is dropped as malformed by the main thread. */
const MAX_FORWARDED = 384;

const NOTHING = new Uint8Array(0);

/** Sends a datagram and its sender's path through the pair. Returns 0 or `-errno`; the descriptors stay the caller's. */
function sendWithSender(pair: SocketEndpoint, { bytes: all, truncated, sender = '', fds }: Datagram): number {
  const bytes = truncated ? NOTHING : all.subarray(0, MAX_FORWARDED);
  const { written } = new TextEncoder().encodeInto(sender, SCRATCH.subarray(PATH_LENGTH));
  SCRATCH[0] = written;
  SCRATCH.set(bytes, PATH_LENGTH + written);
  const numbers = fds.map(({ fd }) => fd);
  return pair.send(SCRATCH.subarray(0, PATH_LENGTH + written + bytes.length), numbers);
}

/** Returns the datagram that {@link sendWithSender} has sent, with its sender. */
function withoutSender(datagram: Datagram): Datagram {
  const start = PATH_LENGTH + (datagram.bytes[0] ?? 0);
  const sender = new TextDecoder().decode(datagram.bytes.subarray(PATH_LENGTH, start));
  return { ...datagram, bytes: datagram.bytes.subarray(start), sender: sender === '' ? undefined : sender };
}
