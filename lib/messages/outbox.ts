import type { PreparedMessage } from '../../protocol/codec.js';
import type { MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECANCELED, ENOBUFS } from '../../sys/errors.js';
import { OwnedFd } from '../../sys/owned-fd.js';
import { listenForAbort } from '../abort.js';
import { diagnostics, type TrafficEvent } from '../diagnostics.js';
import type { Endpoint } from '../transport/transport.js';
import type { Counters } from './stats.js';

/** How many datagrams may wait for room in their receivers' queues, all together: some 30 MB at most. */
const MAX_QUEUED = 65_536;
/** How many may wait for one receiver, so that one that stops reading doesn't take the others' room. */
const MAX_QUEUED_EACH = MAX_QUEUED / 4;
/**
 * First and longest pause between two tries to send from an unconnected socket, in milliseconds. The kernel reports such a
 * socket as writable even while the receiver's queue is full.
 */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 16;

/** A datagram on its way out. */
export interface Outgoing {
  readonly type: MpType;
  /** The message that it carries; its descriptors are sent along. */
  readonly message: PreparedMessage;
  /** The message, encoded in the dialect of its receiver. */
  readonly bytes: Uint8Array;
  readonly endpoint: Endpoint;
  /** Path of the receiver. Datagrams to one receiver keep their order, even from different endpoints. */
  readonly to: string;
  /** Whether the endpoint is connected to `to`. */
  readonly isConnected: boolean;
  /** When to give up waiting for room, on the clock of {@link nowMs}. */
  readonly deadline: number;
  /** Ends the wait with `-ECANCELED` when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called once, with 0 (sent), `-EAGAIN` (no room until the deadline), `-ENOBUFS` (too many datagrams wait) or another
   * `-errno`.
   */
  readonly done: (result: number) => void;
}

interface Waiting {
  readonly outgoing: Outgoing;
  /** Duplicates of the message's descriptors, because the caller may close its own meanwhile. */
  readonly fds: readonly OwnedFd[];
  readonly onAbort: () => void;
}

/** Datagrams that wait for room at one receiver. */
interface Queue {
  readonly to: string;
  waiting: Waiting[];
  retryMs: number;
  /** The earliest deadline, or one that has been removed since; then the timer fires once for nothing. */
  due: number;
  timer: NodeJS.Timeout | undefined;
  /** The connected endpoint that reports when there is room. */
  watched: Endpoint | undefined;
}

/**
 * Sends every datagram of a channel. While a receiver has no room (its queue holds 11 datagrams by default), datagrams for
 * it wait in order, until there is room or until their deadline. No datagram is lost silently, and `submit` doesn't block.
 */
export class Outbox {
  readonly #counters: Counters;
  readonly #queues = new Map<string, Queue>();
  #queued = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Sends a datagram, or has it wait for room. If it doesn't have to wait, `done` is called before this returns. */
  submit(outgoing: Outgoing): void {
    const queue = this.#queues.get(outgoing.to);
    const result = queue === undefined ? send(outgoing, outgoing.message.fds) : -EAGAIN;
    if (result === -EAGAIN) this.#enqueue(queue, outgoing);
    else this.#end(outgoing, result);
  }

  /**
   * Sends a datagram, blocking the thread in `block` while there is no room. Datagrams that wait for the same receiver go
   * first. `block` returns when the endpoint can send, or after so many milliseconds.
   */
  submitBlocking(outgoing: Outgoing, block: (writable: Endpoint | undefined, ms: number) => void): void {
    for (;;) {
      const waiting = this.#queues.get(outgoing.to);
      if (waiting !== undefined) this.#expire(waiting); // its timer doesn't fire while the thread blocks
      const queue = this.#queues.get(outgoing.to);
      const isFree = queue === undefined || this.#sendWaiting(queue);
      const result = isFree ? send(outgoing, outgoing.message.fds) : -EAGAIN;
      const left = result === -EAGAIN ? outgoing.deadline - nowMs() : 0;
      if (left <= 0) {
        this.#end(outgoing, result);
        return;
      }
      if (outgoing.isConnected) block(outgoing.endpoint, left);
      else block(undefined, Math.min(left, FIRST_RETRY_MS));
    }
  }

  /** Ends the wait of all datagrams that leave from `endpoint`, or of all datagrams, with this result. */
  cancel(result: number, endpoint?: Endpoint): void {
    this.#giveUp(result, ({ outgoing }) => endpoint === undefined || outgoing.endpoint === endpoint);
  }

  #giveUp(result: number, selects: (waiting: Waiting) => boolean): void {
    for (const queue of [...this.#queues.values()]) {
      const selected = queue.waiting.filter(selects);
      if (selected.length === 0) continue;
      queue.waiting = queue.waiting.filter((waiting) => !selects(waiting));
      this.#continue(queue);
      for (const waiting of selected) this.#finish(waiting, result);
    }
  }

  #enqueue(queue: Queue | undefined, outgoing: Outgoing): void {
    const hasRoom = this.#queued < MAX_QUEUED && (queue?.waiting.length ?? 0) < MAX_QUEUED_EACH;
    const fds = hasRoom ? OwnedFd.duplicateAll(outgoing.message.fds) : -ENOBUFS;
    if (typeof fds === 'number') {
      outgoing.done(fds);
      return;
    }
    this.#queued++;
    const onAbort = () => this.#giveUp(-ECANCELED, (other) => other === waiting);
    const waiting: Waiting = { outgoing, fds, onAbort };
    if (outgoing.signal !== undefined) listenForAbort(outgoing.signal, onAbort);
    const { to, deadline } = outgoing;
    const target = queue ?? newQueue(to);
    this.#queues.set(to, target);
    target.waiting.push(waiting);
    if (deadline >= target.due) return;
    target.due = deadline;
    this.#continue(target);
  }

  /** Sends from the queue until there is no room. Returns true if the queue is empty then. */
  #sendWaiting(queue: Queue): boolean {
    const results: number[] = [];
    for (const { outgoing, fds } of queue.waiting) {
      const numbers = fds.map((owned) => owned.fd);
      const result = send(outgoing, numbers);
      if (result === -EAGAIN) break;
      results.push(result);
    }
    if (results.length > 0) queue.retryMs = FIRST_RETRY_MS;
    const finished = queue.waiting.splice(0, results.length);
    const isEmpty = queue.waiting.length === 0;
    if (isEmpty) this.#continue(queue);
    finished.forEach((waiting, i) => {
      this.#finish(waiting, results[i] ?? 0);
    });
    return isEmpty;
  }

  /** Arranges the next try, or removes the queue if it is empty. */
  #continue(queue: Queue): void {
    this.#stopWaiting(queue);
    const head = queue.waiting[0];
    if (head === undefined) {
      if (this.#queues.get(queue.to) === queue) this.#queues.delete(queue.to);
      return;
    }
    const { endpoint, isConnected } = head.outgoing;
    const retry = () => {
      const isEmpty = this.#sendWaiting(queue);
      if (!isEmpty && !this.#expire(queue)) this.#continue(queue);
    };
    const left = Math.max(0, queue.due - nowMs());
    queue.timer = setTimeout(retry, isConnected ? left : Math.min(left, queue.retryMs));
    queue.retryMs = Math.min(queue.retryMs * 2, LAST_RETRY_MS);
    if (!isConnected) return;
    queue.watched = endpoint;
    endpoint.whenWritable(retry);
  }

  /** Ends the wait of datagrams whose deadline has come. Returns true if there were any. */
  #expire(queue: Queue): boolean {
    const now = nowMs();
    if (now < queue.due) return false;
    const expired = new Set(queue.waiting.filter(({ outgoing }) => outgoing.deadline <= now));
    queue.due = earliest(queue.waiting.filter((waiting) => !expired.has(waiting)));
    if (expired.size > 0) this.#giveUp(-EAGAIN, (waiting) => expired.has(waiting));
    return expired.size > 0;
  }

  #stopWaiting(queue: Queue): void {
    clearTimeout(queue.timer);
    queue.watched?.cancelWritable();
    queue.watched = undefined;
  }

  #finish(waiting: Waiting, result: number): void {
    this.#queued--;
    waiting.outgoing.signal?.removeEventListener('abort', waiting.onAbort);
    for (const owned of waiting.fds) owned.close();
    this.#end(waiting.outgoing, result);
  }

  #end(outgoing: Outgoing, result: number): void {
    if (result === 0) {
      this.#counters.sent++;
      if (diagnostics.send.hasSubscribers) {
        const { type, message, to } = outgoing;
        const event: TrafficEvent = { type, name: message.name, peer: to, fdCount: message.fds.length };
        diagnostics.send.publish(event);
      }
    }
    outgoing.done(result);
  }
}

function newQueue(to: string): Queue {
  const due = Number.POSITIVE_INFINITY;
  return { to, waiting: [], retryMs: FIRST_RETRY_MS, due, timer: undefined, watched: undefined };
}

function earliest(waiting: readonly Waiting[]): number {
  return waiting.reduce((due, { outgoing }) => Math.min(due, outgoing.deadline), Number.POSITIVE_INFINITY);
}

function send({ endpoint, isConnected, to, bytes }: Outgoing, fds: readonly number[]): number {
  return isConnected ? endpoint.send(bytes, fds) : endpoint.send(bytes, fds, to);
}
