import { decodeMessage } from '../../protocol/codec.js';
import { DIALECTS } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { MpType } from '../../protocol/message.js';
import {
  isSecondarySocket,
  PRIMARY_SOCKET,
  replySocketName,
  secondarySocketName,
} from '../../protocol/paths.js';
import { EAGAIN, ECONNREFUSED, ENOENT, EPERM } from '../../sys/errors.js';
import { OwnedFd } from '../../sys/owned-fd.js';
import { primaryError } from './socket-transport.js';
import type { Datagram, Endpoint, Releasable, Transport } from './transport.js';

/** One datagram on its way through a `MemoryNetwork`, as an {@link Interceptor} gets it. */
export interface Traffic {
  /** Type of the datagram: a message, request, reply or IGN. */
  readonly type: keyof typeof MpType;
  /** Name of the action. */
  readonly name: string;
  /** A copy of the parameter. */
  readonly param: Uint8Array;
  /** How many descriptors travel with it. */
  readonly fdCount: number;
  /** Path of the sender's socket. A request comes from a private socket, so this is not the requester's `socketPath`. */
  readonly from: string;
  /** Path of the receiver's socket. */
  readonly to: string;
}

/**
 * What happens to a datagram. `'deliver'`: it arrives. `'lose'`: it doesn't, and its sender sees no error. `'repeat'`: it
 * arrives twice. `'damage'`: it arrives one byte short, which makes it malformed.
 */
export type Fate = 'deliver' | 'lose' | 'repeat' | 'damage';

/**
 * Function that decides what happens to each datagram; `undefined` delivers it. A promise delays the datagram until it is
 * settled, while later datagrams arrive.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an interceptor without a return statement is of this type
export type Interceptor = (traffic: Traffic) => Fate | void | Promise<Fate | void>;

/** How many datagrams the kernel queues at one socket: `net.unix.max_dgram_qlen` + 1, with its default value. */
const QUEUE_LENGTH = 11;

/** The endpoints of one network, by path. */
export class InProcessNames {
  readonly endpoints = new Map<string, InProcessEndpoint>();
  /** Decides what happens to each datagram; without it all are delivered. */
  interceptor: Interceptor | undefined;
  #last = 0n;

  /** Returns a new number, which tells an endpoint from an earlier one at the same path. */
  nextNumber(): bigint {
    return ++this.#last;
  }
}

/** Stands for a socket within this thread: same queue length, same errors, descriptors are duplicated. */
export class InProcessEndpoint implements Endpoint {
  /** The transport that opened it. */
  readonly owner: InProcessTransport;
  readonly path: string;
  readonly number: bigint;
  readonly #names: InProcessNames;
  readonly #peer: InProcessEndpoint | undefined;
  readonly #queue: Datagram[] = [];
  readonly #waiters = new Set<() => void>();
  #onReadable: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #isReferenced = true;
  #isClosed = false;

  constructor(names: InProcessNames, owner: InProcessTransport, path: string, peer?: InProcessEndpoint) {
    this.#names = names;
    this.owner = owner;
    this.#peer = peer;
    this.path = path;
    this.number = names.nextNumber();
    names.endpoints.set(path, this);
  }

  get hasMessages(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether a send to the endpoint that this one is connected to would not return `-EAGAIN`. */
  get isWritable(): boolean {
    return this.#peer === undefined || this.#peer.#isClosed || this.#peer.#queue.length < QUEUE_LENGTH;
  }

  send(bytes: Uint8Array, fds: readonly number[], to?: string): number {
    const target = to === undefined ? this.#peer : this.#names.endpoints.get(to);
    if (target === undefined) return -ENOENT;
    if (target.#isClosed) return -ECONNREFUSED;
    if (target.#peer !== undefined && target.#peer !== this) return -EPERM;
    if (target.#queue.length >= QUEUE_LENGTH) return -EAGAIN;
    const copies = OwnedFd.duplicateAll(fds);
    if (typeof copies === 'number') return copies;
    const datagram = {
      bytes: bytes.slice(),
      truncated: false,
      sender: this.path,
      uid: undefined,
      fds: copies,
    };
    const fate = this.#names.interceptor?.(describeTraffic(datagram.bytes, this.path, target.path));
    if (fate instanceof Promise) target.#await(fate, datagram);
    else target.#arrive(datagram, fate ?? 'deliver');
    return 0;
  }

  receive(): Datagram | undefined {
    const datagram = this.#queue.shift();
    this.#wakeWaiters();
    return datagram;
  }

  watch(onReadable: () => void): void {
    this.#onReadable = onReadable;
    this.#schedule();
  }

  unwatch(): void {
    this.#onReadable = undefined;
  }

  whenWritable(retry: () => void): void {
    this.#onRoom = retry;
    if (this.#peer !== undefined) this.#peer.#waiters.add(() => this.#onRoom?.());
  }

  cancelWritable(): void {
    this.#onRoom = undefined;
  }

  ref(): void {
    this.#isReferenced = true;
    this.#immediate?.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#immediate?.unref();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.unwatch();
    this.cancelWritable();
    this.#wakeWaiters();
    clearImmediate(this.#immediate);
    for (const { fds } of this.#queue.splice(0)) for (const owned of fds) owned.close();
    if (this.#names.endpoints.get(this.path) === this) this.#names.endpoints.delete(this.path);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Calls `onReadable` now, while the thread blocks. Returns false if there is no message or no callback. */
  deliver(): boolean {
    if (!this.hasMessages || this.#onReadable === undefined) return false;
    this.#onReadable();
    return true;
  }

  async #await(fate: ReturnType<Interceptor>, datagram: Datagram): Promise<void> {
    let settled: Fate = 'lose';
    try {
      settled = (await fate) ?? 'deliver'; // a rejection stays unhandled, so that the test fails
    } finally {
      this.#arrive(datagram, settled);
    }
  }

  #arrive(datagram: Datagram, fate: Fate): void {
    if (fate === 'lose' || this.#isClosed) {
      for (const owned of datagram.fds) owned.close();
      return;
    }
    if (fate === 'repeat') this.#repeat(datagram);
    this.#queue.push(fate === 'damage' ? { ...datagram, bytes: datagram.bytes.subarray(1) } : datagram);
    this.#schedule();
  }

  #repeat(datagram: Datagram): void {
    const fds = OwnedFd.duplicateAll(datagram.fds.map(({ fd }) => fd));
    if (typeof fds !== 'number') this.#queue.push({ ...datagram, fds }); // without free descriptors it arrives once
  }

  /** Wakes the senders that wait for room: there is some, or the endpoint is closed. */
  #wakeWaiters(): void {
    for (const waiter of this.#waiters) setImmediate(waiter);
    this.#waiters.clear();
  }

  #schedule(): void {
    if (this.#immediate !== undefined || this.#onReadable === undefined || !this.hasMessages) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.deliver();
      this.#schedule();
    });
    if (!this.#isReferenced) this.#immediate.unref();
  }
}

/** A transport without sockets, for tests. All channels of one {@link InProcessNames} are in one thread. */
export class InProcessTransport implements Transport {
  readonly primaryPath: string;
  readonly #names: InProcessNames;
  readonly #directory: string;

  constructor(names: InProcessNames, directory: string) {
    this.#names = names;
    this.#directory = directory;
    this.primaryPath = `${directory}/${PRIMARY_SOCKET}`;
  }

  async bindPublic(role: 'primary' | 'secondary'): Promise<Endpoint> {
    if (role === 'secondary')
      return new InProcessEndpoint(this.#names, this, this.#newPath(secondarySocketName));
    if (this.#names.endpoints.get(this.primaryPath)?.isClosed === false) {
      throw new MpError('EADDRINUSE', `A primary is open already at ${this.primaryPath}: close it first`, {
        path: this.primaryPath,
      });
    }
    return new InProcessEndpoint(this.#names, this, this.primaryPath);
  }

  openReply(toPrimary: boolean): Endpoint {
    const peer = toPrimary ? this.#names.endpoints.get(this.primaryPath) : undefined;
    if (toPrimary && peer === undefined) throw primaryError('connect', -ENOENT, this.primaryPath);
    return new InProcessEndpoint(this.#names, this, this.#newPath(replySocketName), peer);
  }

  secondaries(): string[] {
    const start = `${this.#directory}/`;
    return [...this.#names.endpoints.keys()].filter(
      (path) => path.startsWith(start) && isSecondarySocket(path.slice(start.length)),
    );
  }

  forgetSecondary(path: string): void {
    this.#names.endpoints.delete(path);
  }

  exists(path: string): boolean {
    return this.#names.endpoints.has(path);
  }

  isListening(path: string): boolean {
    return this.#names.endpoints.get(path)?.isClosed === false;
  }

  lockSecondaries(): Releasable {
    return { release() {} };
  }

  primaryIncarnation(): string | undefined {
    return this.#names.endpoints.get(this.primaryPath)?.number.toString();
  }

  /**
   * Lets the other endpoints of this thread handle their messages, as far as they can without the event loop. Once none has
   * anything to handle, nothing can arrive any more, and the thread sleeps for `timeoutMs`.
   */
  wait(readable: readonly Endpoint[], writable: Endpoint | undefined, timeoutMs: number): void {
    const isReady = () =>
      readable.some((endpoint) => (endpoint as InProcessEndpoint).hasMessages) ||
      (writable !== undefined && (writable as InProcessEndpoint).isWritable);
    const others = () =>
      [...this.#names.endpoints.values()].filter((endpoint) => !readable.includes(endpoint));
    while (!isReady()) {
      if (others().some((endpoint) => endpoint.deliver())) continue;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
      return;
    }
  }

  /** Ends this channel's endpoints as if its process had been killed: sends to them return `-ECONNREFUSED`. */
  die(): void {
    for (const [path, endpoint] of [...this.#names.endpoints]) {
      if (endpoint.owner !== this) continue;
      endpoint.close();
      this.#names.endpoints.set(path, endpoint);
    }
  }

  #newPath(name: (pid: number, unique: bigint) => string): string {
    return `${this.#directory}/${name(process.pid, this.#names.nextNumber())}`;
  }
}

const TYPES = Object.fromEntries(Object.entries(MpType).map(([name, value]) => [value, name]));

/** Describes a datagram for an interceptor. */
function describeTraffic(bytes: Uint8Array, from: string, to: string): Traffic {
  const is340 = bytes.length === DIALECTS['340/253'].wireLength;
  const { type, name, param, numFds } = decodeMessage(is340 ? '340/253' : '332/253', bytes);
  return { type: TYPES[type] as Traffic['type'], name, param, fdCount: numFds, from, to };
}
