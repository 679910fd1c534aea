// The state machine of requests: which peers were asked, which have answered, when a request is over. It has no clock,
// no sockets and no role: events come in with the time, effects go out. All that differs between a primary and a
// secondary, or between rte_mp_request_sync and rte_mp_request_async (eal_common_proc.c), is data of the start event.
// Where it behaves like C, it behaves like C in 26.07.

import { invalid } from './errors.js';

/** Begins a request. The caller chooses an `id` that no pending request has. */
export interface RequestStart {
  /** Which event this is. */
  readonly kind: 'start';
  /** Id of the request in later events and effects. */
  readonly id: number;
  /** Name of the action. */
  readonly name: string;
  /** Socket paths of the peers to ask; a peer that is listed twice is asked once. */
  readonly peers: readonly string[];
  /** One peer after another until one fails, as C's sync broadcast does; or all at once, as its async one does. */
  readonly order: 'sequential' | 'parallel';
  /** Time on the clock of `now`. A request whose deadline has passed is still sent, and times out at the next tick, as in C. */
  readonly deadline: number;
  /** True (a secondary): a peer that is gone fails the request. False (a primary): it is skipped and not counted. */
  readonly goneIsError: boolean;
  /** True (as in C): the request fails with `EEXIST` while one of the same name to one of the peers is pending. */
  readonly exclusive: boolean;
}

/** What can happen to requests. `R` is the caller's type of replies; the table hands them back as they are. */
export type RequestEvent<R> =
  | RequestStart
  /** What came of a `send` effect: delivered, no process at the socket (`ECONNREFUSED`), or any other errno. */
  | { readonly kind: 'sent'; readonly id: number; readonly peer: string }
  | { readonly kind: 'gone'; readonly id: number; readonly peer: string; readonly code: string }
  | { readonly kind: 'send-failed'; readonly id: number; readonly peer: string; readonly code: string }
  /** A REP or an IGN came from `peer` under `name`. */
  | RequestReply<R>
  | { readonly kind: 'ignore'; readonly id: number; readonly peer: string; readonly name: string }
  /** Time has passed: requests whose deadline is `now` or earlier end. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'cancel'; readonly id: number; readonly code: string };

/** A reply (REP) has arrived. */
export interface RequestReply<R> {
  /** Which event this is. */
  readonly kind: 'reply';
  /** Id of the request whose socket it came to. */
  readonly id: number;
  /** Socket path of its sender. */
  readonly peer: string;
  /** Name of the action in the reply. */
  readonly name: string;
  /** The reply itself, which the outcome or a `drop` effect hands back. */
  readonly reply: R;
}

/** What the caller has to do, in the order of the effects. */
export type RequestEffect<R> =
  | { readonly kind: 'send'; readonly id: number; readonly peer: string }
  | { readonly kind: 'complete'; readonly id: number; readonly outcome: RequestOutcome<R> }
  /** These replies belong to no request: the caller closes their descriptors. */
  | { readonly kind: 'drop'; readonly reason: ReplyDropReason; readonly replies: readonly R[] };

/** Why a reply belongs to no request. */
export type ReplyDropReason = 'late-reply' | 'wrong-name' | 'wrong-peer';

/**
 * How a request ended, and its replies: `struct rte_mp_reply` of rte_eal.h. The caller owns the replies, also after a
 * failure, where C discards them.
 */
export interface RequestOutcome<R> {
  /** How the request ended. */
  readonly status: 'done' | 'timeout' | 'failed';
  /** After a failure: the errno name of the event that caused it, or `EEXIST`. */
  readonly code?: string;
  /** After a failure: the peer that caused it. After a timeout: the first peer that has not answered. */
  readonly peer?: string;
  /** How many peers got the request, without those that answered with IGN. */
  readonly nbSent: number;
  /** How many `replies`. */
  readonly nbReceived: number;
  /** The replies in the order of their arrival; for a sequential request this is the order in which the peers were asked. */
  readonly replies: readonly R[];
}

/** The states of a peer in one request: waiting, then sending, then pending or gone; a pending one is answered or ignored. */
type PeerState = 'waiting' | 'sending' | 'pending' | 'answered' | 'ignored' | 'gone';

interface PendingRequest<R> {
  readonly start: RequestStart;
  /** Socket paths in the order in which the peers are asked. */
  readonly peers: readonly string[];
  readonly states: Map<string, PeerState>;
  readonly replies: R[];
  nbSent: number;
  /** Index of the next peer to ask. */
  next: number;
  /** How many peers are sending or pending. */
  open: number;
}

/**
 * The pending requests of one process: C's `pending_requests` (eal_common_proc.c).
 *
 * Pass every event to `dispatch` and carry out the effects that it returns. A started request gets exactly one `complete`
 * effect, which may come from the call that starts it (no peer to ask, `EEXIST`). A reply is matched by id, peer and name;
 * one that matches no request comes back in a `drop` effect.
 *
 * @example
 * const table = new RequestTable<string>();
 * const start = { kind: 'start', id: 1, name: 'echo', peers: ['/p'], order: 'parallel', deadline: 5000 } as const;
 * table.dispatch({ ...start, goneIsError: true, exclusive: true }, 0); // [{ kind: 'send', id: 1, peer: '/p' }]
 * table.dispatch({ kind: 'sent', id: 1, peer: '/p' }, 0); // []
 * table.dispatch({ kind: 'reply', id: 1, peer: '/p', name: 'echo', reply: 'hi' }, 3); // [{ kind: 'complete', ... }]
 */
export class RequestTable<R> {
  readonly #requests = new Map<number, PendingRequest<R>>();

  /** How many requests are pending. */
  get size(): number {
    return this.#requests.size;
  }

  /** Time of the next tick on the clock of `now`; undefined while no request is pending. */
  get nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { start } of this.#requests.values()) {
      if (earliest === undefined || start.deadline < earliest) earliest = start.deadline;
    }
    return earliest;
  }

  /** Whether the request of this id is pending. */
  has(id: number): boolean {
    return this.#requests.has(id);
  }

  /** Takes an event and returns its effects. Throws `EINVAL` only for a start whose id is in use. */
  dispatch(event: RequestEvent<R>, now: number): RequestEffect<R>[] {
    if (event.kind === 'start') return this.#start(event);
    if (event.kind === 'tick') return this.#tick(now);
    const request = this.#requests.get(event.id);
    if (request === undefined) return event.kind === 'reply' ? [drop('late-reply', event.reply)] : [];
    switch (event.kind) {
      case 'sent':
        if (move(request, event.peer, 'sending', 'pending')) request.nbSent++;
        return [];
      case 'gone':
        if (!request.start.goneIsError) return this.#skip(request, event.peer);
        return this.#sendFailed(request, event.peer, event.code);
      case 'send-failed':
        return this.#sendFailed(request, event.peer, event.code);
      case 'reply':
        return this.#reply(request, event);
      case 'ignore':
        return this.#ignore(request, event.peer, event.name);
      case 'cancel':
        return [this.#complete(request, 'failed', { code: event.code })];
    }
  }

  #start(start: RequestStart): RequestEffect<R>[] {
    if (this.#requests.has(start.id)) {
      throw invalid(`request id ${start.id} is in use: give each request an id of its own`);
    }
    const peers = [...new Set(start.peers)];
    const busy = start.exclusive ? peers.find((peer) => this.#isBusy(peer, start.name)) : undefined;
    const states = new Map(peers.map((peer): [string, PeerState] => [peer, 'waiting']));
    const request: PendingRequest<R> = { start, peers, states, replies: [], nbSent: 0, next: 0, open: 0 };
    if (busy !== undefined) return [this.#complete(request, 'failed', { code: 'EEXIST', peer: busy })];
    this.#requests.set(start.id, request);
    return this.#advance(request);
  }

  /**
   * Whether a request of this name to this peer is pending, as C's `find_request_by_name` finds out. C misses the later
   * peers of a sequential request, which then fails halfway.
   */
  #isBusy(peer: string, name: string): boolean {
    for (const { start, states } of this.#requests.values()) {
      if (start.name === name && isOpen(states.get(peer))) return true;
    }
    return false;
  }

  /** Asks the peers whose turn it is, or completes the request if all of them have been asked and none is open. */
  #advance(request: PendingRequest<R>): RequestEffect<R>[] {
    if (request.open > 0) return [];
    const { start, peers, next } = request;
    if (next === peers.length) return [this.#complete(request, 'done', {})];
    const batch = start.order === 'parallel' ? peers : peers.slice(next, next + 1);
    request.next += batch.length;
    request.open = batch.length;
    return batch.map((peer) => {
      move(request, peer, 'waiting', 'sending');
      return { kind: 'send', id: start.id, peer };
    });
  }

  #skip(request: PendingRequest<R>, peer: string): RequestEffect<R>[] {
    if (!move(request, peer, 'sending', 'gone')) return [];
    request.open--;
    return this.#advance(request);
  }

  #sendFailed(request: PendingRequest<R>, peer: string, code: string): RequestEffect<R>[] {
    return request.states.get(peer) === 'sending' ? [this.#complete(request, 'failed', { code, peer })] : [];
  }

  #reply(request: PendingRequest<R>, { peer, name, reply }: RequestReply<R>): RequestEffect<R>[] {
    const state = request.states.get(peer);
    if (state === 'answered' || state === 'ignored') return [drop('late-reply', reply)];
    if (state !== 'pending') return [drop('wrong-peer', reply)];
    if (name !== request.start.name) return [drop('wrong-name', reply)];
    move(request, peer, 'pending', 'answered');
    request.replies.push(reply);
    request.open--;
    return this.#advance(request);
  }

  #ignore(request: PendingRequest<R>, peer: string, name: string): RequestEffect<R>[] {
    if (name !== request.start.name || !move(request, peer, 'pending', 'ignored')) return [];
    request.nbSent--;
    request.open--;
    return this.#advance(request);
  }

  #tick(now: number): RequestEffect<R>[] {
    const effects: RequestEffect<R>[] = [];
    for (const request of this.#requests.values()) {
      if (now < request.start.deadline) continue;
      effects.push(this.#complete(request, 'timeout', { peer: firstOpen(request) }));
    }
    return effects;
  }

  #complete(
    request: PendingRequest<R>,
    status: RequestOutcome<R>['status'],
    cause: Pick<RequestOutcome<R>, 'code' | 'peer'>,
  ): RequestEffect<R> {
    const { nbSent, replies, start } = request;
    this.#requests.delete(start.id);
    const outcome = { status, ...cause, nbSent, nbReceived: replies.length, replies };
    return { kind: 'complete', id: start.id, outcome };
  }
}

/** Moves the peer from one state to another; false if it is in a third one. */
function move({ states }: PendingRequest<unknown>, peer: string, from: PeerState, to: PeerState): boolean {
  if (states.get(peer) !== from) return false;
  states.set(peer, to);
  return true;
}

/** Whether a peer is not asked yet, being asked, or asked and without an answer. */
function isOpen(state: PeerState | undefined): boolean {
  return state === 'waiting' || state === 'sending' || state === 'pending';
}

/** The first open peer. There is one, because a request without an open peer is over. */
function firstOpen({ peers, states }: PendingRequest<unknown>): string {
  return peers.find((peer) => isOpen(states.get(peer))) as string;
}

function drop<R>(reason: ReplyDropReason, reply: R): RequestEffect<R> {
  return { kind: 'drop', reason, replies: [reply] };
}
