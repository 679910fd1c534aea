import type { PreparedMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import { MpType } from '../../protocol/message.js';
import { type RequestEffect, type RequestOutcome, RequestTable } from '../../protocol/request-table.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECANCELED, ECONNREFUSED, errnoName } from '../../sys/errors.js';
import { closeAll, Received } from '../messages/message.js';
import type { Inbound } from '../messages/receiver.js';
import type { Wire } from '../peers/peers.js';
import type { Endpoint } from '../transport/transport.js';
import { ReplyEndpoints } from './reply-endpoints.js';

/** What may be read besides answers, and what reads it: for requests that arrive while this thread blocks. */
export interface InboundSource {
  endpoints(): readonly Endpoint[];
  serve(): void;
}

/** A request that was sent, or is being. */
export interface ActiveRequest {
  readonly id: number;
  readonly message: PreparedMessage;
  /** The message in `dialect`. */
  readonly bytes: Uint8Array;
  readonly endpoint: Endpoint;
  readonly dialect: Dialect;
  readonly isBlocking: boolean;
  readonly deadline: number;
  outcome: RequestOutcome<Received> | undefined;
  settle: (outcome: RequestOutcome<Received>) => void;
}

/** The requests that have begun and not ended: carries out what the table, which has the state of them all, decides. */
export class RequestsUnderWay {
  readonly #wire: Wire;
  readonly #inbound: InboundSource;
  readonly #isExclusive: boolean;
  readonly #table = new RequestTable<Received>();
  readonly #active = new Map<number, ActiveRequest>();
  readonly #endpoints: ReplyEndpoints;
  #nextId = 1;

  /** @param isExclusive whether a second request of one name to one peer fails with `EEXIST` */
  constructor(wire: Wire, inbound: InboundSource, isExclusive: boolean) {
    this.#wire = wire;
    this.#inbound = inbound;
    this.#isExclusive = isExclusive;
    this.#endpoints = new ReplyEndpoints(wire);
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
  start(message: PreparedMessage, deadline: number, isBlocking: boolean): ActiveRequest {
    const { peers } = this.#wire;
    const paths = peers.paths();
    const endpoint = this.#endpoints.take(message.name);
    const { dialect } = peers;
    const id = this.#nextId++;
    const request: ActiveRequest = {
      id,
      message,
      bytes: this.#encode(message, dialect, endpoint),
      endpoint,
      dialect,
      isBlocking,
      deadline,
      outcome: undefined,
      settle: () => {},
    };
    this.#active.set(id, request);
    const effects = this.#table.dispatch(
      {
        kind: 'start',
        id,
        name: message.name,
        peers: paths,
        order: isBlocking ? 'sequential' : 'parallel',
        deadline,
        goneIsError: peers.isSingle,
        exclusive: this.#isExclusive,
      },
      nowMs(),
    );
    this.#apply(effects);
    return request;
  }

  /** Throws where the message doesn't fit the dialect; the endpoint can then be used again. */
  #encode(message: PreparedMessage, dialect: Dialect, endpoint: Endpoint): Uint8Array {
    try {
      return message.encode(dialect, MpType.REQ);
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

  #send(id: number, to: string): void {
    const request = this.#active.get(id);
    if (request === undefined) return; // an earlier peer of this broadcast has failed
    const { peers, outbox } = this.#wire;
    const done = (result: number) => this.#sendDone(id, to, result);
    // a primary that has come since we looked would answer IGN to everything while it is starting
    if (!peers.isReceiving) {
      done(-ECONNREFUSED);
      return;
    }
    const { message, bytes, endpoint, deadline } = request;
    const isConnected = peers.isSingle;
    const outgoing = { type: MpType.REQ, message, bytes, endpoint, to, isConnected, deadline, done };
    if (!request.isBlocking) outbox.submit(outgoing);
    else outbox.submitBlocking(outgoing, (writable, ms) => this.#waitForRoom(writable, ms));
  }

  #waitForRoom(writable: Endpoint | undefined, ms: number): void {
    this.#wire.transport.wait(this.#inbound.endpoints(), writable, ms);
    this.#inbound.serve();
  }

  #sendDone(id: number, peer: string, result: number): void {
    if (result === -EAGAIN) {
      const request = this.#active.get(id);
      if (request !== undefined) this.tick(request.deadline);
      return;
    }
    const code = errnoName(-result);
    const kind = result === 0 ? 'sent' : this.#wire.peers.isGone(peer, result) ? 'gone' : 'send-failed';
    this.#apply(this.#table.dispatch({ kind, id, peer, code }, nowMs()));
  }

  /** Ends what is due. An answer that lies there unread, since this thread was busy, was in time. */
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
      this.#wire.outbox.cancel(-ECANCELED, endpoint);
      endpoint.close();
    }
    request.outcome = outcome;
    request.settle(outcome);
  }

  /** Takes in what has come for a request, until that ends it. */
  read(request: ActiveRequest): void {
    while (request.outcome === undefined) {
      const inbound = this.#wire.receiver.next(request.endpoint, request.dialect);
      if (inbound === undefined) return;
      this.#answer(request, inbound);
    }
  }

  #answer({ id, message: asked }: ActiveRequest, { message, fds, sender }: Inbound): void {
    const { receiver, peers } = this.#wire;
    const { name, type } = message;
    const peer = peers.senderOf(sender);
    const now = nowMs();
    if (type === MpType.REP) {
      // what the peer sent before its answer is handled before it, as by C's one socket
      this.#inbound.serve();
      const reply = new Received(message, fds, receiver.counters);
      this.#apply(this.#table.dispatch({ kind: 'reply', id, peer, name, reply }, now));
      return;
    }
    if (type === MpType.IGN && name === asked.name) {
      closeAll(fds, receiver.counters);
      this.#apply(this.#table.dispatch({ kind: 'ignore', id, peer, name }, now));
      return;
    }
    receiver.drop(type === MpType.IGN ? 'wrong-name' : 'no-action', fds, sender, name);
  }

  #drop(reason: 'late-reply' | 'wrong-name' | 'wrong-peer', reply: Received): void {
    reply.closeFds();
    this.#wire.receiver.drop(reason, [], undefined, reply.name);
  }
}
