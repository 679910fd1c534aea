import type { Datagram } from '../../sys/datagram-socket.js';

export type { Datagram };

/** A bound datagram socket of a channel, or its in-memory twin. Results below zero are `-errno`. */
export interface Endpoint {
  /** The address that peers see, and answer to. */
  readonly path: string;
  /**
   * 0, or `-errno`; `-EAGAIN` means that the peer's queue is full. Without `to` the datagram goes to the peer that the
   * endpoint is connected to.
   */
  send(bytes: Uint8Array, fds: readonly number[], to?: string): number;
  /** The next datagram, `undefined` when there is none. Its bytes are valid until the next call. */
  receive(): Datagram | undefined | number;
  /** Calls back on the event loop whenever there may be something to receive, until `unwatch`. */
  watch(onReadable: () => void): void;
  unwatch(): void;
  /** Of a connected endpoint: calls back once, on the event loop, when a send that got `-EAGAIN` is worth another try. */
  whenWritable(retry: () => void): void;
  cancelWritable(): void;
  /** Whether `watch` keeps the process alive; it does unless told otherwise. */
  ref(): void;
  unref(): void;
  /** Also removes its name. Harmless when done twice. */
  close(): void;
}

/** Something held until `release`. */
export interface Releasable {
  release(): void;
}

/**
 * The ways that a channel has to the outside: the sockets of one runtime directory, or an in-memory network for tests.
 * All but `bindPublic` are synchronous, and everything that fails throws `MpError`.
 */
export interface Transport {
  /** Where the primary receives. */
  readonly primaryPath: string;
  /** Binds `mp_socket` (a primary) or `mp_socket_<pid>_<hex>`, waiting for other processes that are starting. */
  bindPublic(role: 'primary' | 'secondary', signal: AbortSignal | undefined): Promise<Endpoint>;
  /** A private endpoint for requests that broadcasts never reach; connected to the primary if `toPrimary`. */
  openReply(toPrimary: boolean): Endpoint;
  /** The sockets that a broadcast goes to. */
  secondaries(): string[];
  /** Drops the name of a secondary that is known to be dead. */
  forgetSecondary(path: string): void;
  /** Whether a name is there at all; a secondary's goes away between a look at the directory and a send. */
  exists(path: string): boolean;
  /** Whether a process receives there. */
  isListening(path: string): boolean;
  /** Keeps new secondaries from appearing during a broadcast; `undefined`: somebody is starting just now, try again. */
  lockSecondaries(): Releasable | undefined;
  /** Identifies the process that receives at `primaryPath`; changes when it is replaced, `undefined` without one. */
  primaryIncarnation(): string | undefined;
  /** Blocks the thread until one of `readable` has something, `writable` can send, or `timeoutMs` have passed. */
  wait(readable: readonly Endpoint[], writable: Endpoint | undefined, timeoutMs: number): void;
}
