import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from '../../protocol/dialect.js';
import { nowMs } from '../../sys/clock.js';
import { assertNotAborted } from '../abort.js';
import type { MpTimeoutError } from '../errors.js';
import type { Peer, ReplyBody } from '../messages/message.js';
import type { Outbox } from '../messages/outbox.js';
import type { Receiver } from '../messages/receiver.js';
import type { Datagram, Endpoint, Releasable, Transport } from '../transport/transport.js';

/** How often to try again while a lock is held or the primary is not ready, in milliseconds. */
export const RETRY_MS = 5;

/**
 * The processes that a channel talks to: a secondary's primary (`ToPrimary`), or a primary's secondaries (`ToSecondaries`).
 * Requests, one-way messages and replies ask it for everything that depends on the role.
 */
export interface Peers {
  /** The wire dialect that the peers speak, known from the last look at them. */
  readonly dialect: Dialect;
  /**
   * True if the peer is a primary: endpoints are connected to it, and a request fails when it is gone. False for
   * secondaries: each datagram names its receiver, and a receiver that is gone is skipped.
   */
  readonly isSingle: boolean;
  /** False while the peer is starting, and would not answer a datagram yet. */
  readonly isReceiving: boolean;
  /** Returns the paths of the sockets that the next message goes to. */
  paths(): string[];
  /** Returns the peers that a message would reach now. */
  list(): Peer[];
  /**
   * Looks whether a message may be sent now. Returns a lock that the caller releases once everything is sent, `undefined`
   * if it is too early. Throws `ECANCELED` if the channel is closed, `EVERSION` if the primary speaks an unknown dialect.
   */
  tryReady(): Releasable | undefined;
  /** Returns the error for a `tryReady` that returned `undefined` until the deadline. */
  notReady(): MpTimeoutError;
  /** Opens a private endpoint to send from. */
  open(): Endpoint;
  /** Whether a failed send (`-errno`) says that the process at `path` is gone. Removes the name of a dead secondary. */
  isGone(path: string, result: number): boolean;
  /** Called after a send that found no process. Returns true if another try may reach a new process. */
  reconnect(): boolean;
  /** Returns the peer that an answer came from, as the request names it. */
  senderOf(sender: string | undefined): string;
  /** Returns the dialect of a received datagram. A datagram of an unexpected length makes it look at the primary again. */
  dialectOf(datagram: Datagram): Dialect;
  /** Looks who the peers are before they are answered, because another primary has the same path. */
  look(): void;
  /** Whether an answer failed only because the secondary that asked is dead, which is no error for a primary. */
  isDeadRequester(path: string, result: number): boolean;
  /**
   * Returns the answer to a request without an action if the sender would crash on an IGN; `undefined` if IGN does no
   * harm.
   */
  refusalOf(name: string, param: Uint8Array): ReplyBody | undefined;
  /** Sets the callback for when another process has become the primary. */
  onReplaced(callback: () => void): void;
  /** Makes `tryReady` throw `ECANCELED` from now on. */
  close(): void;
}

/** What the parts of a channel share to send and receive. */
export interface Wire {
  readonly transport: Transport;
  readonly peers: Peers;
  readonly outbox: Outbox;
  readonly receiver: Receiver;
}

/** Waits until the peers are ready. Resolves to the lock of {@link Peers.tryReady}, which the caller releases. */
export async function whenReady(
  peers: Peers,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<Releasable> {
  for (;;) {
    assertNotAborted(signal);
    const ready = peers.tryReady();
    if (ready !== undefined) return ready;
    if (nowMs() >= deadline) throw peers.notReady();
    await sleep(RETRY_MS);
  }
}
