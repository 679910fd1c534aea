import type { Dialect } from '../../protocol/dialect.js';
import { type Message, MpType } from '../../protocol/message.js';
import { type RequestEffect, type RequestOutcome, RequestTable } from '../../protocol/request-table.js';
import { checkMessage } from '../../protocol/validate.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECANCELED, ECONNREFUSED, errnoName } from '../../sys/errors.js';
import { closeAll, Received } from '../messages/message.js';
import type { Inbound, Receiver } from '../messages/receiver.js';
import type { Sender } from '../messages/sender.js';
import type { Counters } from '../messages/stats.js';
import type { PrimaryLink } from '../peers/primary-link.js';
import { isSecondaryGone } from '../peers/readiness.js';
import type { Endpoint, Transport } from '../transport/transport.js';
import { ReplyEndpoints } from './reply-endpoints.js';

export interface RequestsUnderWayOptions {
  readonly transport: Transport;
  readonly link: PrimaryLink;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly counters: Counters;
  readonly role: 'primary' | 'secondary';
  readonly exclusive: boolean;
  /** What may be read besides answers, and what reads it: for requests that arrive while we block. */
  readonly inbound: { endpoints(): readonly Endpoint[]; serve(): void };
}

/** A request that was sent, or is being. */
export interface ActiveRequest {
  readonly id: number;
  readonly message: Message;
  readonly endpoint: Endpoint;
  readonly dialect: Dialect;
  readonly blocking: boolean;
  readonly deadline: number;
  outcome: RequestOutcome<Received> | undefined;
  settle: (outcome: RequestOutcome<Received>) => void;
}

/** The requests that have begun and not ended: carries out what the table, which has the state of them all, decides. */
export class RequestsUnderWay {
  readonly #options: RequestsUnderWayOptions;
  readonly #table = new RequestTable<Received>();
  readonly #active = new Map<number, ActiveRequest>();
  readonly #endpoints: ReplyEndpoints;
  readonly #unicast: boolean;
  #nextId = 1;

  constructor(options: RequestsUnderWayOptions) {
    this.#options = options;
    this.#unicast = options.role === 'secondary';
    const { transport, link, receiver } = options;
    this.#endpoints = new ReplyEndpoints({ transport, link, receiver, toPrimary: this.#unicast });
  }

  /** Lets no request use a connection to a primary that is gone. */
  forgetPrimary(): void {
    this.#endpoints.clear();
  }

  /** Ends everything that is under way with `ECANCELED`. */
  close(): void {
    for (const { id } of [...this.#active.values()]) this.cancel(id);
    this.#endpoints.clear();
  }

  /** Begins one: it is sent, or on its way. Throws where it can't be. */
  start(message: Message, deadline: number, blocking: boolean): ActiveRequest {
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
        nowMs(),
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
      if (request !== undefined) this.tick(request.deadline);
      return;
    }
    const code = errnoName(-result);
    const kind = result === 0 ? 'sent' : this.#isGone(peer, result) ? 'gone' : 'send-failed';
    this.#apply(this.#table.dispatch({ kind, id, peer, code }, nowMs()));
  }

  #isGone(peer: string, result: number): boolean {
    return this.#unicast ? result === -ECONNREFUSED : isSecondaryGone(this.#options.transport, peer, result);
  }

  /** Ends what is due; an answer that lies there unread, since this thread was busy, was in time. */
  tick(now: number): void {
    for (const request of [...this.#active.values()]) if (request.deadline <= now) this.read(request);
    this.#apply(this.#table.dispatch({ kind: 'tick' }, now));
  }

  /** Ends one with `ECANCELED`. */
  cancel(id: number): void {
    this.#apply(this.#table.dispatch({ kind: 'cancel', id, code: 'ECANCELED' }, nowMs()));
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
  read(request: ActiveRequest): void {
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
    const now = nowMs();
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
