import type { Message } from '../../protocol/message.js';
import type { RequestOutcome } from '../../protocol/request-table.js';
import { nowMs } from '../../sys/clock.js';
import { assertNotAborted, listenForAbort } from '../abort.js';
import { NOTHING_SENT, replyOf, requestError } from '../errors.js';
import type { Received, Reply } from '../messages/message.js';
import { checkForAnyDialect } from '../messages/sender.js';
import type { Readiness } from '../peers/readiness.js';
import type { Releasable } from '../transport/transport.js';
import { LoopPoll, SpinBudget } from './busy-poll.js';
import { type ActiveRequest, RequestsUnderWay, type RequestsUnderWayOptions } from './requests-under-way.js';

/** While spinning: looks at the answer's socket between two at the others. */
const SERVE_EVERY = 64;
/** Each request in flight has a socket of its own; further ones wait for theirs. */
const MAX_IN_FLIGHT = 256;

export interface RequesterOptions extends RequestsUnderWayOptions {
  readonly readiness: Readiness;
  readonly busyPollMicros: number;
  readonly busyPollEventLoopMicros: number;
}

/** Asks: unicast as a secondary, everybody as a primary; waits for the answers, blocking or not. */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #underWay: RequestsUnderWay;
  readonly #slots = new Slots(MAX_IN_FLIGHT);
  readonly #unicast: boolean;
  readonly #loopPoll: LoopPoll;
  readonly #spinBudget: SpinBudget;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#unicast = options.role === 'secondary';
    this.#spinBudget = new SpinBudget(options.busyPollMicros);
    this.#loopPoll = new LoopPoll(options.busyPollEventLoopMicros);
    this.#underWay = new RequestsUnderWay(options);
  }

  /** Lets no request use a connection to a primary that is gone. */
  forgetPrimary(): void {
    this.#underWay.forgetPrimary();
  }

  async request(given: Message, timeoutMs: number, signal: AbortSignal | undefined): Promise<Reply> {
    const deadline = nowMs() + timeoutMs;
    const message = checkForAnyDialect(given);
    if (!this.#slots.tryAcquire() && !(await this.#slots.acquire(timeoutMs, signal))) {
      assertNotAborted(signal);
      throw requestError(NOTHING_SENT, message.name, timeoutMs);
    }
    try {
      for (let isRetry = false; ; isRetry = true) {
        const { readiness } = this.#options;
        // Mostly ready at once: then the request leaves in this very call, in order with what is sent besides.
        const lock = readiness.tryNow() ?? (await readiness.wait(deadline, signal));
        const outcome = await this.#run(message, deadline, lock, signal);
        if (isRetry || !this.#isPrimaryGone(outcome)) return replyOf(outcome, message.name, timeoutMs);
      }
    } finally {
      this.#slots.release();
    }
  }

  requestSync(given: Message, timeoutMs: number): Reply {
    const deadline = nowMs() + timeoutMs;
    const message = checkForAnyDialect(given);
    for (let isRetry = false; ; isRetry = true) {
      const { readiness, inbound } = this.#options;
      const lock = readiness.waitBlocking(deadline, () => inbound.serve());
      const outcome = this.#runBlocking(message, deadline, lock);
      if (isRetry || !this.#isPrimaryGone(outcome)) return replyOf(outcome, message.name, timeoutMs);
    }
  }

  /** Ends everything that is under way with `ECANCELED`. */
  close(): void {
    this.#underWay.close();
  }

  /** A send found nobody: the next try connects anew, or says that there is no primary. */
  #isPrimaryGone({ code }: RequestOutcome<Received>): boolean {
    if (!this.#unicast || code !== 'ECONNREFUSED') return false;
    this.#options.link.invalidate();
    return true;
  }

  #run(
    message: Message,
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
    if (this.#options.busyPollEventLoopMicros === 0) {
      giveUp();
      return;
    }
    const look = () => {
      this.#underWay.read(request);
      return request.outcome !== undefined;
    };
    this.#loopPoll.add({ look, giveUp });
  }

  #runBlocking(message: Message, deadline: number, lock: Releasable): RequestOutcome<Received> {
    try {
      const request = this.#underWay.start(message, deadline, true);
      const asked = nowMs();
      this.#busyPoll(request, asked);
      while (request.outcome === undefined) this.#block(request);
      // of a broadcast it would be the time of all peers together
      if (this.#unicast) this.#spinBudget.learn(message.name, nowMs() - asked);
      return request.outcome;
    } finally {
      lock.release();
    }
  }

  /** For as long as an answer usually takes, looking is faster than sleeping. */
  #busyPoll(request: ActiveRequest, asked: number): void {
    const { inbound } = this.#options;
    const end = Math.min(asked + this.#spinBudget.for(request.message.name) / 1000, request.deadline);
    for (let look = 1; request.outcome === undefined && nowMs() < end; look++) {
      this.#underWay.read(request);
      if (look % SERVE_EVERY === 0) inbound.serve();
    }
  }

  /** Sleeps until there is something to do. A primary may ask us something before it answers: it is served, too. */
  #block(request: ActiveRequest): void {
    const { transport, inbound } = this.#options;
    const left = request.deadline - nowMs();
    if (left > 0) transport.wait([request.endpoint, ...inbound.endpoints()], undefined, left);
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

  /** Hands the slot to whoever has waited longest. */
  release(): void {
    for (const grant of this.#waiters) {
      grant();
      return;
    }
    this.#free++;
  }
}
