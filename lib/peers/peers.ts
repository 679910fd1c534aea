import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from '../../protocol/dialect.js';
import { nowMs } from '../../sys/clock.js';
import { assertNotAborted } from '../abort.js';
import type { MpTimeoutError } from '../errors.js';
import type { Peer, ReplyBody } from '../messages/message.js';
import type { Outbox } from '../messages/outbox.js';
import type { Receiver } from '../messages/receiver.js';
import type { Datagram, Endpoint, Releasable, Transport } from '../transport/transport.js';

/** How often to look again for a lock or a primary that is not ready, in milliseconds. */
export const RETRY_MS = 5;

/**
 * The processes that a channel talks to: a secondary's primary ({@link ToPrimary}), or a primary's secondaries
 * ({@link ToSecondaries}). Requests, one-way messages and replies ask it whatever depends on the role.
 */
export interface Peers {
  /** The wire dialect that they speak, as of the last look. */
  readonly dialect: Dialect;
  /**
   * True for a primary: endpoints are connected to it, and a request to it fails when it is gone. False for secondaries:
   * each datagram names its receiver, and one that is gone is skipped.
   */
  readonly isSingle: boolean;
  /** False while a datagram would arrive too early to be answered. */
  readonly isReceiving: boolean;
  /** Paths that the next message goes to. */
  paths(): string[];
  /** The sockets that a message would reach now. */
  list(): Peer[];
  /**
   * Looks whether something may be sent now. Returns what the caller releases once everything is sent, `undefined` if it
   * is too early. Throws when the channel is closed, and when the primary speaks an unknown dialect.
   */
  tryReady(): Releasable | undefined;
  /** The error for `tryReady` that returned `undefined` until the deadline. */
  notReady(): MpTimeoutError;
  /** Opens a private endpoint to send from. */
  open(): Endpoint;
  /** Whether a failed send (`-errno`) says that the process at `path` is gone. Removes the name of a dead secondary. */
  isGone(path: string, result: number): boolean;
  /** After a send that found nobody: true if the next try would reach another process. */
  reconnect(): boolean;
  /** The peer that an answer came from, as the request names it. */
  senderOf(sender: string | undefined): string;
  /** The dialect of a datagram that came in. One of an unexpected length has it look at the primary again. */
  dialectOf(datagram: Datagram): Dialect;
  /** Looks who the peers are before they are answered: their paths don't tell. */
  look(): void;
  /** Whether an answer failed only because a dead secondary had asked, which is no error of a primary. */
  isDeadRequester(path: string, result: number): boolean;
  /** The answer to a request without an action whose sender would crash at an IGN; `undefined` where IGN does no harm. */
  refusalOf(name: string, param: Uint8Array): ReplyBody | undefined;
  /** Calls back when another process has become the primary. */
  onReplaced(callback: () => void): void;
  /** From now on `tryReady` throws `ECANCELED`. */
  close(): void;
}

/** What the parts of a channel send and receive with. */
export interface Wire {
  readonly transport: Transport;
  readonly peers: Peers;
  readonly outbox: Outbox;
  readonly receiver: Receiver;
}

/** Resolves once the peers are ready, to what has to be released once everything is sent. */
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
