import {
  type RequestEffect,
  type RequestOutcome,
  type RequestStart,
  RequestTable,
} from '../../protocol/index.js';

export const A = '/run/mp_socket_1_a';
export const B = '/run/mp_socket_2_b';
export const C = '/run/mp_socket_3_c';

const START: RequestStart = {
  kind: 'start',
  id: 1,
  name: 'echo',
  peers: [A, B],
  order: 'parallel',
  deadline: 100,
  goneIsError: false,
  exclusive: false,
};

/** A table with short names for its events. The time is 0 unless a test gives another one. */
export class Bench {
  readonly table = new RequestTable<string>();

  start(change: Partial<RequestStart> = {}, now = 0) {
    return this.table.dispatch({ ...START, ...change }, now);
  }

  sent(peer: string, id = 1) {
    return this.table.dispatch({ kind: 'sent', id, peer }, 0);
  }

  gone(peer: string, id = 1) {
    return this.table.dispatch({ kind: 'gone', id, peer, code: 'ECONNREFUSED' }, 0);
  }

  failed(peer: string, code = 'ENOENT', id = 1) {
    return this.table.dispatch({ kind: 'send-failed', id, peer, code }, 0);
  }

  reply(peer: string, reply = `of ${peer}`, { id = 1, name = 'echo', now = 0 } = {}) {
    return this.table.dispatch({ kind: 'reply', id, peer, name, reply }, now);
  }

  ignore(peer: string, { id = 1, name = 'echo' } = {}) {
    return this.table.dispatch({ kind: 'ignore', id, peer, name }, 0);
  }

  tick(now: number) {
    return this.table.dispatch({ kind: 'tick' }, now);
  }

  cancel(code: string, id = 1) {
    return this.table.dispatch({ kind: 'cancel', id, code }, 0);
  }
}

export function send(peer: string, id = 1): RequestEffect<string> {
  return { kind: 'send', id, peer };
}

export function complete(outcome: Omit<RequestOutcome<string>, 'nbReceived'>, id = 1): RequestEffect<string> {
  return { kind: 'complete', id, outcome: { ...outcome, nbReceived: outcome.replies.length } };
}

export function done(nbSent: number, replies: string[], id = 1): RequestEffect<string> {
  return complete({ status: 'done', nbSent, replies }, id);
}

export function drop(
  reason: 'late-reply' | 'wrong-name' | 'wrong-peer',
  reply: string,
): RequestEffect<string> {
  return { kind: 'drop', reason, replies: [reply] };
}
