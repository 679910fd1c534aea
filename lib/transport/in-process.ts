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

/** What the kernel lets queue up at one socket: `net.unix.max_dgram_qlen` + 1 with its stock value. */
const QUEUE_LENGTH = 11;

/** Endpoints that reach each other within this thread, by name. */
export class MemoryNames {
  readonly endpoints = new Map<string, MemoryEndpoint>();
  /** Has a say in what becomes of each datagram. */
  interceptor: Interceptor | undefined;
  #last = 0n;

  /** What has bound `path` changes when it is bound anew. */
  nextNumber(): bigint {
    this.#last++;
    return this.#last;
  }
}

/** The in-memory twin of a socket: same queue length, same errors, descriptors are duplicated. */
export class MemoryEndpoint implements Endpoint {
  readonly path: string;
  readonly number: bigint;
  readonly #names: MemoryNames;
  readonly #peer: MemoryEndpoint | undefined;
  readonly #queue: Datagram[] = [];
  readonly #waiters = new Set<() => void>();
  #onReadable: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #isReferenced = true;
  #isClosed = false;

  /** Of whose channel it is. */
  readonly owner: MemoryTransport;

  constructor(names: MemoryNames, owner: MemoryTransport, path: string, peer?: MemoryEndpoint) {
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

  /** Whether a send to the endpoint that this one is connected to would find room, or an error. */
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

  /** As its process is killed: the name stays, with nobody behind it. */
  abandon(): void {
    this.close();
    this.#names.endpoints.set(this.path, this);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Runs the callback now, for a thread that blocks; false if there is nothing to do. */
  deliver(): boolean {
    if (!this.hasMessages || this.#onReadable === undefined) return false;
    this.#onReadable();
    return true;
  }

  async #await(fate: ReturnType<Interceptor>, datagram: Datagram): Promise<void> {
    let settled: Fate = 'lose';
    try {
      settled = (await fate) ?? 'deliver'; // a rejection is the test's, and stays unhandled
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
    if (typeof fds !== 'number') this.#queue.push({ ...datagram, fds }); // no descriptors left: it came once
  }

  /** There is room, or nobody to wait for any more. */
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

/** A transport without sockets, for tests: all channels on it live in one thread. */
export class MemoryTransport implements Transport {
  readonly primaryPath: string;
  readonly #names: MemoryNames;
  readonly #directory: string;

  constructor(names: MemoryNames, directory: string) {
    this.#names = names;
    this.#directory = directory;
    this.primaryPath = `${directory}/${PRIMARY_SOCKET}`;
  }

  async bindPublic(role: 'primary' | 'secondary'): Promise<Endpoint> {
    if (role === 'secondary')
      return new MemoryEndpoint(this.#names, this, this.#newPath(secondarySocketName));
    if (this.#names.endpoints.get(this.primaryPath)?.isClosed === false) {
      throw new MpError('EADDRINUSE', `A primary is open already at ${this.primaryPath}: close it first`, {
        path: this.primaryPath,
      });
    }
    return new MemoryEndpoint(this.#names, this, this.primaryPath);
  }

  openReply(toPrimary: boolean): Endpoint {
    const peer = toPrimary ? this.#names.endpoints.get(this.primaryPath) : undefined;
    if (toPrimary && peer === undefined) throw primaryError('connect', -ENOENT, this.primaryPath);
    return new MemoryEndpoint(this.#names, this, this.#newPath(replySocketName), peer);
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
   * The thread that waits is the one that the others run on, so they get their turn here, as far as they can answer
   * without the event loop. When nobody can, nothing will come, and what is left of the time passes asleep.
   */
  wait(readable: readonly Endpoint[], writable: Endpoint | undefined, timeoutMs: number): void {
    const isReady = () =>
      readable.some((endpoint) => (endpoint as MemoryEndpoint).hasMessages) ||
      (writable !== undefined && (writable as MemoryEndpoint).isWritable);
    const others = () =>
      [...this.#names.endpoints.values()].filter((endpoint) => !readable.includes(endpoint));
    while (!isReady()) {
      if (others().some((endpoint) => endpoint.deliver())) continue;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
      return;
    }
  }

  /** Has this channel's process die: whoever sends to it finds a socket without an owner. */
  die(): void {
    for (const endpoint of [...this.#names.endpoints.values()]) {
      if (endpoint.owner === this) endpoint.abandon();
    }
  }

  #newPath(name: (pid: number, unique: bigint) => string): string {
    return `${this.#directory}/${name(process.pid, this.#names.nextNumber())}`;
  }
}

/** One datagram on its way through a `MemoryNetwork`. */
export interface Traffic {
  /** MSG, REQ, REP or IGN. */
  readonly type: keyof typeof MpType;
  /** Of the action. */
  readonly name: string;
  /** A copy. */
  readonly param: Uint8Array;
  /** How many descriptors travel along. */
  readonly fdCount: number;
  /** The sender's socket. A request comes from a private one of its own: it isn't the asker's `socketPath`. */
  readonly from: string;
  /** The receiver's socket. */
  readonly to: string;
}

/**
 * What becomes of a datagram: it arrives; it doesn't, though its sender thinks so; it arrives twice; it arrives a byte
 * short, as nothing does that follows the protocol.
 */
export type Fate = 'deliver' | 'lose' | 'repeat' | 'damage';

/**
 * Decides on each datagram; nothing returned delivers it. A promise keeps it under way until it is settled, while later
 * ones pass it.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an interceptor without a return statement is of this type
export type Interceptor = (traffic: Traffic) => Fate | void | Promise<Fate | void>;

const TYPES = Object.fromEntries(Object.entries(MpType).map(([name, value]) => [value, name]));

/** What an interceptor gets to see of a datagram that a channel has sent. */
function describeTraffic(bytes: Uint8Array, from: string, to: string): Traffic {
  const is340 = bytes.length === DIALECTS['340/253'].wireLength;
  const { type, name, param, numFds } = decodeMessage(is340 ? '340/253' : '332/253', bytes);
  return { type: TYPES[type] as Traffic['type'], name, param, fdCount: numFds, from, to };
}
