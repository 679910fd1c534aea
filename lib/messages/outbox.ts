import type { PreparedMessage } from '../../protocol/codec.js';
import type { MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECANCELED, ENOBUFS } from '../../sys/errors.js';
import { OwnedFd } from '../../sys/owned-fd.js';
import { listenForAbort } from '../abort.js';
import { diagnostics, type TrafficEvent } from '../diagnostics.js';
import type { Endpoint } from '../transport/transport.js';
import type { Counters } from './stats.js';

/** How many datagrams may wait for room in their peers' queues, all together: some 30 MB at most. */
const MAX_QUEUED = 65_536;
/** How many for one peer: one that stops reading must not take the others' room. */
const MAX_QUEUED_EACH = MAX_QUEUED / 4;
/**
 * How long to leave a full queue alone when the kernel won't tell: it reports an unconnected datagram socket as
 * writable whatever the destination's queue is like.
 */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 16;

/** A datagram on its way out. */
export interface Outgoing {
  readonly type: MpType;
  /** Where its name and descriptors are from. */
  readonly message: PreparedMessage;
  /** The message in the dialect of its receiver. */
  readonly bytes: Uint8Array;
  readonly endpoint: Endpoint;
  /** Path of the receiver. Datagrams to one receiver keep their order, whichever endpoint they leave from. */
  readonly to: string;
  /** The endpoint is connected to `to`. */
  readonly isConnected: boolean;
  /** Until when to wait for room, on the clock of {@link nowMs}. */
  readonly deadline: number;
  /** Gives up waiting, with `-ECANCELED`. */
  readonly signal?: AbortSignal | undefined;
  /** Called once: 0 (sent), `-EAGAIN` (no room until the deadline), `-ENOBUFS` (too many wait, there or in all) or another `-errno`. */
  readonly done: (result: number) => void;
}

interface Waiting {
  readonly outgoing: Outgoing;
  /** Duplicates: the caller may close its own meanwhile. */
  readonly fds: readonly OwnedFd[];
  readonly onAbort: () => void;
}

/** What waits for room at one destination. */
interface Queue {
  readonly to: string;
  waiting: Waiting[];
  retryMs: number;
  /** The earliest deadline, or one that was: then the timer comes for nothing. */
  due: number;
  timer: NodeJS.Timeout | undefined;
  /** The endpoint that tells us when there is room. */
  watched: Endpoint | undefined;
}

/**
 * The way out of every datagram of a channel. Those whose receiver has no room (a C process queues 11 by default) wait, in
 * order, until there is room or their deadline has come. Nothing is lost silently and nothing blocks the event loop.
 */
export class Outbox {
  readonly #counters: Counters;
  readonly #queues = new Map<string, Queue>();
  #queued = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Calls `done` before it returns if nothing has to wait. */
  submit(outgoing: Outgoing): void {
    const queue = this.#queues.get(outgoing.to);
    const result = queue === undefined ? send(outgoing, outgoing.message.fds) : -EAGAIN;
    if (result === -EAGAIN) this.#enqueue(queue, outgoing);
    else this.#end(outgoing, result);
  }

  /**
   * The same, blocking the thread in `block` until the endpoint can send, or for as long; what waits for the same receiver
   * goes first.
   */
  submitBlocking(outgoing: Outgoing, block: (writable: Endpoint | undefined, ms: number) => void): void {
    for (;;) {
      const waiting = this.#queues.get(outgoing.to);
      if (waiting !== undefined) this.#expire(waiting); // its timer doesn't come while we block
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

  /** Gives up what waits to leave from `endpoint`, or everything, with this result. */
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
    if (queue === undefined) {
      const created = newQueue(to, waiting);
      this.#queues.set(to, created);
      this.#continue(created);
      return;
    }
    queue.waiting.push(waiting);
    if (deadline >= queue.due) return;
    queue.due = deadline;
    this.#continue(queue);
  }

  /** Sends from the queue until there is no room; true if it is empty then. */
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

  /** Arranges for the next try, or drops the queue if it is empty. */
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

  /** Gives up what has waited long enough; true if there was anything. */
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

function newQueue(to: string, first: Waiting): Queue {
  const { deadline } = first.outgoing;
  return {
    to,
    waiting: [first],
    retryMs: FIRST_RETRY_MS,
    due: deadline,
    timer: undefined,
    watched: undefined,
  };
}

function earliest(waiting: readonly Waiting[]): number {
  return waiting.reduce((due, { outgoing }) => Math.min(due, outgoing.deadline), Number.POSITIVE_INFINITY);
}

function send({ endpoint, isConnected, to, bytes }: Outgoing, fds: readonly number[]): number {
  return isConnected ? endpoint.send(bytes, fds) : endpoint.send(bytes, fds, to);
}
