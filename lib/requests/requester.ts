import { PreparedMessage } from '../../protocol/codec.js';
import type { Message } from '../../protocol/message.js';
import type { RequestOutcome } from '../../protocol/request-table.js';
import { nowMs } from '../../sys/clock.js';
import { assertNotAborted, listenForAbort } from '../abort.js';
import { NOTHING_SENT, replyOf, requestError } from '../errors.js';
import type { Received, Reply } from '../messages/message.js';
import type { ResolvedOptions } from '../options.js';
import { RETRY_MS, type Wire, whenReady } from '../peers/peers.js';
import type { Releasable } from '../transport/transport.js';
import { LoopPoll, SpinBudget } from './busy-poll.js';
import { type ActiveRequest, type OtherWork, RequestsUnderWay } from './requests-under-way.js';

/** How often spinning looks at the answer's socket before it looks at the others once. */
const SERVE_EVERY = 64;
/** Each request in flight has a socket of its own. Further requests wait until one is free. */
const MAX_IN_FLIGHT = 256;

/** Sends requests and waits for their answers, blocking (`rte_mp_request_sync`) or not (`rte_mp_request_async`). */
export class Requester {
  readonly #wire: Wire;
  readonly #otherWork: OtherWork;
  /** The requests that have begun. */
  readonly underWay: RequestsUnderWay;
  readonly #slots = new Slots(MAX_IN_FLIGHT);
  readonly #loopPoll: LoopPoll | undefined;
  readonly #spinBudget: SpinBudget;

  constructor(wire: Wire, otherWork: OtherWork, options: ResolvedOptions) {
    const { busyPollMicros, busyPollEventLoopMicros, exclusiveRequests } = options;
    this.#wire = wire;
    this.#otherWork = otherWork;
    this.#spinBudget = new SpinBudget(busyPollMicros);
    this.#loopPoll = busyPollEventLoopMicros === 0 ? undefined : new LoopPoll(busyPollEventLoopMicros);
    this.underWay = new RequestsUnderWay(wire, otherWork, exclusiveRequests);
  }

  async request(given: Message, timeoutMs: number, signal: AbortSignal | undefined): Promise<Reply> {
    const message = new PreparedMessage(given);
    const deadline = nowMs() + timeoutMs;
    if (!this.#slots.tryAcquire() && !(await this.#slots.acquire(timeoutMs, signal))) {
      assertNotAborted(signal);
      throw requestError(NOTHING_SENT, message.name, timeoutMs);
    }
    try {
      for (let isRetry = false; ; isRetry = true) {
        const { peers } = this.#wire;
        // without an await where possible: then the request leaves within this call, in order with other messages
        const lock = peers.tryReady() ?? (await whenReady(peers, deadline, signal));
        const outcome = await this.#run(message, deadline, lock, signal);
        if (isRetry || !this.#reconnected(outcome)) return replyOf(outcome, message.name, timeoutMs);
      }
    } finally {
      this.#slots.release();
    }
  }

  requestSync(given: Message, timeoutMs: number): Reply {
    const message = new PreparedMessage(given);
    const deadline = nowMs() + timeoutMs;
    for (let isRetry = false; ; isRetry = true) {
      const lock = this.#waitUntilReady(deadline);
      const outcome = this.#runBlocking(message, deadline, lock);
      if (isRetry || !this.#reconnected(outcome)) return replyOf(outcome, message.name, timeoutMs);
    }
  }

  /** Blocks this thread until the peers are ready, and serves requests that arrive meanwhile. */
  #waitUntilReady(deadline: number): Releasable {
    const { peers, transport } = this.#wire;
    for (;;) {
      const ready = peers.tryReady();
      if (ready !== undefined) return ready;
      if (nowMs() >= deadline) throw peers.notReady();
      transport.wait([], undefined, RETRY_MS);
      this.#otherWork.serve();
    }
  }

  /** Whether a request that found no process should be tried once more, at the process that is the primary now. */
  #reconnected({ code }: RequestOutcome<Received>): boolean {
    return code === 'ECONNREFUSED' && this.#wire.peers.reconnect();
  }

  #run(
    message: PreparedMessage,
    deadline: number,
    lock: Releasable,
    signal: AbortSignal | undefined,
  ): Promise<RequestOutcome<Received>> {
    return new Promise((resolve, reject) => {
      try {
        const request = this.underWay.start(message, deadline, false);
        const timer = setTimeout(() => this.underWay.tick(deadline), Math.max(0, deadline - nowMs()));
        const onAbort = () => this.underWay.cancel(request.id);
        if (signal !== undefined) listenForAbort(signal, onAbort);
        const settle = (outcome: RequestOutcome<Received>) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          resolve(outcome);
        };
        if (request.outcome !== undefined) return settle(request.outcome);
        request.settle = settle;
        this.#watch(request);
      } catch (error) {
        reject(error);
      } finally {
        lock.release();
      }
    });
  }

  /** Has the event loop read what arrives for a request. */
  #watch(request: ActiveRequest): void {
    const giveUp = () => request.endpoint.watch(() => this.underWay.read(request));
    if (this.#loopPoll === undefined) {
      giveUp();
      return;
    }
    const look = () => {
      this.underWay.read(request);
      return request.outcome !== undefined;
    };
    this.#loopPoll.add({ look, giveUp });
  }

  #runBlocking(message: PreparedMessage, deadline: number, lock: Releasable): RequestOutcome<Received> {
    try {
      const request = this.underWay.start(message, deadline, true);
      const asked = nowMs();
      this.#busyPoll(request, asked);
      while (request.outcome === undefined) this.#block(request);
      // the time of a broadcast is that of all peers together, which says nothing about one answer
      if (this.#wire.peers.isSingle) this.#spinBudget.learn(message.name, nowMs() - asked);
      return request.outcome;
    } finally {
      lock.release();
    }
  }

  /** Looks for the answer again and again, which finds a fast one sooner than sleeping does. */
  #busyPoll(request: ActiveRequest, asked: number): void {
    const end = Math.min(asked + this.#spinBudget.for(request.message.name) / 1000, request.deadline);
    for (let look = 1; request.outcome === undefined && nowMs() < end; look++) {
      this.underWay.read(request);
      if (look % SERVE_EVERY === 0) this.#otherWork.serve();
    }
  }

  /** Sleeps until something arrives. A primary may ask this process something before it answers, so that is served, too. */
  #block(request: ActiveRequest): void {
    const otherWork = this.#otherWork;
    const left = request.deadline - nowMs();
    if (left > 0) this.#wire.transport.wait([request.endpoint, ...otherWork.endpoints()], undefined, left);
    this.underWay.read(request);
    if (request.outcome === undefined) otherWork.serve();
    if (request.outcome === undefined) this.underWay.tick(nowMs());
  }
}

/** A counting semaphore whose waiters give up at a deadline. It limits how many sockets requests use at a time. */
class Slots {
  #free: number;
  readonly #waiters = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot if one is free now. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Resolves to true once the caller has a slot, to false if it got none within `timeoutMs` or before the abort. */
  acquire(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isGranted: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiters.delete(grant);
        resolve(isGranted);
      };
      const grant = () => settle(true);
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, timeoutMs);
      if (signal !== undefined) listenForAbort(signal, giveUp);
      this.#waiters.add(grant);
    });
  }

  /** Hands the slot to the caller that has waited longest. */
  release(): void {
    for (const grant of this.#waiters) {
      grant();
      return;
    }
    this.#free++;
  }
}
