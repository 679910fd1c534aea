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
import { type ActiveRequest, type InboundSource, RequestsUnderWay } from './requests-under-way.js';

/** While spinning: looks at the answer's socket between two at the others. */
const SERVE_EVERY = 64;
/** Each request in flight has a socket of its own; further ones wait for theirs. */
const MAX_IN_FLIGHT = 256;

/** Sends requests and waits for their answers, blocking (`rte_mp_request_sync`) or not (`rte_mp_request_async`). */
export class Requester {
  readonly #wire: Wire;
  readonly #inbound: InboundSource;
  readonly #underWay: RequestsUnderWay;
  readonly #slots = new Slots(MAX_IN_FLIGHT);
  readonly #loopPoll: LoopPoll | undefined;
  readonly #spinBudget: SpinBudget;

  constructor(wire: Wire, inbound: InboundSource, options: ResolvedOptions) {
    const { busyPollMicros, busyPollEventLoopMicros, exclusiveRequests } = options;
    this.#wire = wire;
    this.#inbound = inbound;
    this.#spinBudget = new SpinBudget(busyPollMicros);
    this.#loopPoll = busyPollEventLoopMicros === 0 ? undefined : new LoopPoll(busyPollEventLoopMicros);
    this.#underWay = new RequestsUnderWay(wire, inbound, exclusiveRequests);
  }

  /** Lets no request use a connection to a primary that is gone. */
  forgetPrimary(): void {
    this.#underWay.forgetPrimary();
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
        // mostly ready at once: then the request leaves in this very call, in order with what is sent besides
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

  /** Ends everything that is under way with `ECANCELED`. */
  close(): void {
    this.#underWay.close();
  }

  /** Waits in this thread; requests that arrive meanwhile are served. */
  #waitUntilReady(deadline: number): Releasable {
    const { peers, transport } = this.#wire;
    for (;;) {
      const ready = peers.tryReady();
      if (ready !== undefined) return ready;
      if (nowMs() >= deadline) throw peers.notReady();
      transport.wait([], undefined, RETRY_MS);
      this.#inbound.serve();
    }
  }

  /** After a send that found no process: true if the next try connects anew, or says that there is no primary. */
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
        const request = this.#underWay.start(message, deadline, false);
        const timer = setTimeout(() => this.#underWay.tick(deadline), Math.max(0, deadline - nowMs()));
        const onAbort = () => this.#underWay.cancel(request.id);
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

  /** Has the event loop read what comes for a request. */
  #watch(request: ActiveRequest): void {
    const giveUp = () => request.endpoint.watch(() => this.#underWay.read(request));
    if (this.#loopPoll === undefined) {
      giveUp();
      return;
    }
    const look = () => {
      this.#underWay.read(request);
      return request.outcome !== undefined;
    };
    this.#loopPoll.add({ look, giveUp });
  }

  #runBlocking(message: PreparedMessage, deadline: number, lock: Releasable): RequestOutcome<Received> {
    try {
      const request = this.#underWay.start(message, deadline, true);
      const asked = nowMs();
      this.#busyPoll(request, asked);
      while (request.outcome === undefined) this.#block(request);
      // for a broadcast it would be the time of all peers together
      if (this.#wire.peers.isSingle) this.#spinBudget.learn(message.name, nowMs() - asked);
      return request.outcome;
    } finally {
      lock.release();
    }
  }

  /** For as long as an answer usually takes, looking is faster than sleeping. */
  #busyPoll(request: ActiveRequest, asked: number): void {
    const end = Math.min(asked + this.#spinBudget.for(request.message.name) / 1000, request.deadline);
    for (let look = 1; request.outcome === undefined && nowMs() < end; look++) {
      this.#underWay.read(request);
      if (look % SERVE_EVERY === 0) this.#inbound.serve();
    }
  }

  /** Sleeps until there is something to do. A primary may ask us something before it answers: it is served, too. */
  #block(request: ActiveRequest): void {
    const inbound = this.#inbound;
    const left = request.deadline - nowMs();
    if (left > 0) this.#wire.transport.wait([request.endpoint, ...inbound.endpoints()], undefined, left);
    this.#underWay.read(request);
    if (request.outcome === undefined) inbound.serve();
    if (request.outcome === undefined) this.#underWay.tick(nowMs());
  }
}

/** A counting semaphore whose waiters give up at a deadline: it bounds how many sockets requests use at a time. */
class Slots {
  #free: number;
  readonly #waiters = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot now, if one is free. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** True once there is a slot for the caller, false if there was none within `timeoutMs` or until the abort. */
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
