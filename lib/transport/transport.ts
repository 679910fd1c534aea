import type { Datagram } from '../../sys/datagram-socket.js';

export type { Datagram };

/** A bound datagram socket of a channel, or its in-process twin. Results below zero are `-errno`. */
export interface Endpoint {
  /** Address that peers see as the sender, and answer to. */
  readonly path: string;
  /**
   * Sends a datagram to `to`, or without `to` to the peer that the endpoint is connected to. Returns 0 or `-errno`; `-EAGAIN`
   * means that the receiver's queue is full.
   */
  send(bytes: Uint8Array, fds: readonly number[], to?: string): number;
  /** Returns the next datagram, `undefined` if there is none, or `-errno`. Its bytes are valid until the next call. */
  receive(): Datagram | undefined | number;
  /** Calls back on the event loop whenever there may be a datagram to receive, until `unwatch`. */
  watch(onReadable: () => void): void;
  unwatch(): void;
  /** Calls back once, on the event loop, when a send that returned `-EAGAIN` may succeed. For connected endpoints only. */
  whenWritable(retry: () => void): void;
  cancelWritable(): void;
  /** Lets a watched endpoint keep the process alive, which is the default. */
  ref(): void;
  /** Lets the process end while the endpoint is watched. */
  unref(): void;
  /** Closes the endpoint and removes its name. Closing twice is harmless. */
  close(): void;
}

/** A lock that is held until `release`. */
export interface Releasable {
  release(): void;
}

/**
 * How a channel reaches other channels: through the sockets of one runtime directory, or in process, for tests. All methods
 * but `bindPublic` are synchronous, and throw `MpError` when they fail.
 */
export interface Transport {
  /** Path that the primary receives at. */
  readonly primaryPath: string;
  /** Binds `mp_socket` (a primary) or `mp_socket_<pid>_<hex>`. Waits while other processes are starting. */
  bindPublic(role: 'primary' | 'secondary', signal: AbortSignal | undefined): Promise<Endpoint>;
  /** Opens a private endpoint, which broadcasts never reach; connected to the primary if `toPrimary`. */
  openReply(toPrimary: boolean): Endpoint;
  /** Returns the paths that a broadcast goes to. */
  secondaries(): string[];
  /** Removes the name of a secondary that is known to be dead. */
  forgetSecondary(path: string): void;
  /** Whether the name exists. A secondary's may disappear between a look at the directory and a send. */
  exists(path: string): boolean;
  /** Whether a process receives at this path. */
  isListening(path: string): boolean;
  /** Keeps secondaries from starting during a broadcast. Returns `undefined` while one is starting: try again later. */
  lockSecondaries(): Releasable | undefined;
  /** Identifies the process that receives at `primaryPath`: changes when that is replaced; `undefined` if there is none. */
  primaryIncarnation(): string | undefined;
  /** Blocks the thread until one of `readable` has a datagram, `writable` can send, or `timeoutMs` have passed. */
  wait(readable: readonly Endpoint[], writable: Endpoint | undefined, timeoutMs: number): void;
}
