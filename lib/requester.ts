import type { Dialect } from '../protocol/dialect.js';
import type { Message } from '../protocol/message.js';
import { MpType } from '../protocol/message-type.js';
import { type RequestEffect, type RequestOutcome, RequestTable } from '../protocol/request-table.js';
import { checkMessage } from '../protocol/validate.js';
import { listenForAbort } from './abort.js';
import { isSecondaryGone } from './gone.js';
import { LoopPoll } from './loop-poll.js';
import { closeAll, Received, type Reply } from './message.js';
import type { PrimaryLink } from './primary-link.js';
import { assertNotAborted, type Readiness } from './readiness.js';
import type { Inbound, Receiver } from './receiver.js';
import { ReplyEndpoints } from './reply-endpoints.js';
import { NOTHING_SENT, replyOf, requestError } from './request-error.js';
import { checkForAnyDialect, type Sender } from './sender.js';
import { Slots } from './slots.js';
import { SpinBudget } from './spin-budget.js';
import type { Counters } from './stats.js';
import { EAGAIN, ECANCELED, ECONNREFUSED, errnoName } from './sys/errno.js';
import type { Endpoint, Releasable, Transport } from './transport.js';

/** While spinning: looks at the answer's socket between two at the others. */
const SERVE_EVERY = 64;
/** Each request in flight has a socket of its own; further ones wait for theirs. */
const MAX_IN_FLIGHT = 256;

export interface RequesterOptions {
  readonly transport: Transport;
  readonly link: PrimaryLink;
  readonly readiness: Readiness;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly counters: Counters;
  readonly role: 'primary' | 'secondary';
  readonly busyPollMicros: number;
  readonly busyPollEventLoopMicros: number;
  readonly exclusive: boolean;
  /** What may be read besides answers, and what reads it: for requests that arrive while we block. */
  readonly inbound: { endpoints(): readonly Endpoint[]; serve(): void };
}

interface ActiveRequest {
  readonly id: number;
  readonly message: Message;
  readonly endpoint: Endpoint;
  readonly dialect: Dialect;
  readonly blocking: boolean;
  readonly deadline: number;
  outcome: RequestOutcome<Received> | undefined;
  settle: (outcome: RequestOutcome<Received>) => void;
}

/** Asks: unicast as a secondary, everybody as a primary. The state of all requests is the table's. */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #table = new RequestTable<Received>();
  readonly #active = new Map<number, ActiveRequest>();
  readonly #endpoints: ReplyEndpoints;
  readonly #slots = new Slots(MAX_IN_FLIGHT);
  readonly #unicast: boolean;
  readonly #loopPoll: LoopPoll;
  readonly #spinBudget: SpinBudget;
  #nextId = 1;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#unicast = options.role === 'secondary';
    this.#spinBudget = new SpinBudget(options.busyPollMicros);
    this.#loopPoll = new LoopPoll(options.busyPollEventLoopMicros);
    const { transport, link, receiver } = options;
    this.#endpoints = new ReplyEndpoints({ transport, link, receiver, toPrimary: this.#unicast });
  }

  /** Lets no request use a connection to a primary that is gone. */
  forgetPrimary(): void {
    this.#endpoints.clear();
  }

  async request(given: Message, timeoutMs: number, signal: AbortSignal | undefined): Promise<Reply> {
    const deadline = performance.now() + timeoutMs;
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
    const deadline = performance.now() + timeoutMs;
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
    for (const { id } of [...this.#active.values()]) this.#cancel(id);
    this.#endpoints.clear();
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
        const request = this.#start(message, deadline, false);
        const timer = setTimeout(() => this.#tick(deadline), Math.max(0, deadline - performance.now()));
        const onAbort = () => this.#cancel(request.id);
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
    const giveUp = () => request.endpoint.watch(() => this.#read(request));
    if (this.#options.busyPollEventLoopMicros === 0) {
      giveUp();
      return;
    }
    const look = () => {
      this.#read(request);
      return request.outcome !== undefined;
    };
    this.#loopPoll.add({ look, giveUp });
  }

  #runBlocking(message: Message, deadline: number, lock: Releasable): RequestOutcome<Received> {
    try {
      const request = this.#start(message, deadline, true);
      const asked = performance.now();
      this.#busyPoll(request, asked);
      while (request.outcome === undefined) this.#block(request);
      // of a broadcast it would be the time of all peers together
      if (this.#unicast) this.#spinBudget.learn(message.name, performance.now() - asked);
      return request.outcome;
    } finally {
      lock.release();
    }
  }

  /** For as long as an answer usually takes, looking is faster than sleeping. */
  #busyPoll(request: ActiveRequest, asked: number): void {
    const { inbound } = this.#options;
    const end = Math.min(asked + this.#spinBudget.for(request.message.name) / 1000, request.deadline);
    for (let look = 1; request.outcome === undefined && performance.now() < end; look++) {
      this.#read(request);
      if (look % SERVE_EVERY === 0) inbound.serve();
    }
  }

  /** Sleeps until there is something to do. A primary may ask us something before it answers: it is served, too. */
  #block(request: ActiveRequest): void {
    const { transport, inbound } = this.#options;
    const left = request.deadline - performance.now();
    if (left > 0) transport.wait([request.endpoint, ...inbound.endpoints()], undefined, left);
    this.#read(request);
    if (request.outcome === undefined) inbound.serve();
    if (request.outcome === undefined) this.#tick(performance.now());
  }

  #start(message: Message, deadline: number, blocking: boolean): ActiveRequest {
    const { link, transport, exclusive } = this.#options;
    const peers = this.#unicast ? [transport.primaryPath] : transport.secondaries();
    const endpoint = this.#takeEndpoint(message);
    const id = this.#nextId++;
    const { dialect } = link;
    const request: ActiveRequest = {
      id,
      message,
      endpoint,
      dialect,
      blocking,
      deadline,
      outcome: undefined,
      settle: () => {},
    };
    this.#active.set(id, request);
    this.#apply(
      this.#table.dispatch(
        {
          kind: 'start',
          id,
          name: message.name,
          peers,
          order: blocking ? 'sequential' : 'parallel',
          deadline,
          goneIsError: this.#unicast,
          exclusive,
        },
        performance.now(),
      ),
    );
    return request;
  }

  /** Where the request leaves from, once it is known to fit what the primary speaks. */
  #takeEndpoint(message: Message): Endpoint {
    const { link } = this.#options;
    const endpoint = this.#endpoints.take(message.name);
    try {
      checkMessage(link.dialect, message);
      return endpoint;
    } catch (error) {
      this.#endpoints.giveBack(message.name, endpoint);
      throw error;
    }
  }

  #apply(effects: readonly RequestEffect<Received>[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(effect.id, effect.peer);
      else if (effect.kind === 'complete') this.#complete(effect.id, effect.outcome);
      else for (const reply of effect.replies) this.#drop(effect.reason, reply);
    }
  }

  #send(id: number, peer: string): void {
    const request = this.#active.get(id);
    if (request === undefined) return; // an earlier peer of this broadcast has failed
    const { sender, link } = this.#options;
    // It has come since we looked whether it is ready, and would answer IGN to everything.
    if (this.#unicast && link.isStarting) {
      this.#sendDone(id, peer, -ECONNREFUSED);
      return;
    }
    const { endpoint, deadline, blocking } = request;
    const done = (result: number) => this.#sendDone(id, peer, result);
    // Encoded for each peer: between two of a blocking broadcast we may have sent something else.
    const encoded = sender.encode(request.dialect, MpType.REQ, request.message);
    const sending = { endpoint, to: peer, connected: this.#unicast, deadline, done };
    if (blocking) sender.sendBlocking(encoded, sending, (writable, ms) => this.#waitForRoom(writable, ms));
    else sender.send(encoded, sending);
  }

  #waitForRoom(writable: Endpoint | undefined, ms: number): void {
    const { transport, inbound } = this.#options;
    transport.wait(inbound.endpoints(), writable, ms);
    inbound.serve();
  }

  #sendDone(id: number, peer: string, result: number): void {
    if (result === -EAGAIN) {
      const request = this.#active.get(id);
      if (request !== undefined) this.#tick(request.deadline);
      return;
    }
    const code = errnoName(-result);
    const kind = result === 0 ? 'sent' : this.#isGone(peer, result) ? 'gone' : 'send-failed';
    this.#apply(this.#table.dispatch({ kind, id, peer, code }, performance.now()));
  }

  #isGone(peer: string, result: number): boolean {
    return this.#unicast ? result === -ECONNREFUSED : isSecondaryGone(this.#options.transport, peer, result);
  }

  /** Ends what is due; an answer that lies there unread, since this thread was busy, was in time. */
  #tick(now: number): void {
    for (const request of [...this.#active.values()]) if (request.deadline <= now) this.#read(request);
    this.#apply(this.#table.dispatch({ kind: 'tick' }, now));
  }

  #cancel(id: number): void {
    this.#apply(this.#table.dispatch({ kind: 'cancel', id, code: 'ECANCELED' }, performance.now()));
  }

  #complete(id: number, outcome: RequestOutcome<Received>): void {
    const request = this.#active.get(id);
    if (request === undefined) return;
    this.#active.delete(id);
    const { endpoint } = request;
    endpoint.unwatch();
    if (outcome.status === 'done') {
      this.#endpoints.giveBack(request.message.name, endpoint);
    } else {
      this.#options.sender.cancel(-ECANCELED, endpoint);
      endpoint.close();
    }
    request.outcome = outcome;
    request.settle(outcome);
  }

  /** Takes in what has come for a request, until that ends it. */
  #read(request: ActiveRequest): void {
    while (request.outcome === undefined) {
      const inbound = this.#options.receiver.next(request.endpoint, () => request.dialect);
      if (inbound === undefined) return;
      this.#answer(request, inbound);
    }
  }

  #answer(request: ActiveRequest, inbound: Inbound): void {
    const { id } = request;
    const { receiver, counters } = this.#options;
    const { message, fds } = inbound;
    const { name, type } = message;
    // The kernel lets nobody but its peer send to a connected socket, whatever way its path is spelled.
    const peer = this.#unicast ? this.#options.transport.primaryPath : (inbound.sender ?? '');
    const now = performance.now();
    if (type === MpType.REP) {
      // What the peer sent us before its answer is handled before it, as by C's one socket.
      this.#options.inbound.serve();
      const reply = new Received(message, fds, counters);
      this.#apply(this.#table.dispatch({ kind: 'reply', id, peer, name, reply }, now));
      return;
    }
    if (type === MpType.IGN && name === request.message.name) {
      closeAll(fds, counters);
      this.#apply(this.#table.dispatch({ kind: 'ignore', id, peer, name }, now));
      return;
    }
    receiver.drop(type === MpType.IGN ? 'wrong-name' : 'no-action', fds, inbound.sender, name);
  }

  #drop(reason: 'late-reply' | 'wrong-name' | 'wrong-peer', reply: Received): void {
    reply.closeFds();
    this.#options.receiver.drop(reason, [], undefined, reply.name);
  }
}
