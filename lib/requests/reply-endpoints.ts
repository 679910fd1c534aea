import type { Wire } from '../peers/peers.js';
import type { Endpoint } from '../transport/transport.js';

/**
 * How many endpoints take turns. A peer that answers twice sends its surplus answer to one that rests for this many
 * requests, and is found out before that one's turn comes again.
 */
const TURNS = 8;
/** Idle endpoints beyond these are closed: so many requests may be in flight at a time, again and again, without new sockets. */
const MOST_IDLE = TURNS + 32;

/**
 * The private endpoints that requests leave from, one for each request in flight. Nothing on the wire tells an answer
 * to an old request from one to a new request: the endpoint does. One whose request has no answer yet is never used
 * again, so that a late answer finds no request; the others take turns, since a new socket costs more than a request does.
 */
export class ReplyEndpoints {
  readonly #wire: Wire;
  /** Longest rest first. */
  #idle: Endpoint[] = [];
  #current = new WeakSet<Endpoint>();
  /** Names that some peer has answered twice: their requests never leave from a used endpoint again. */
  readonly #answeredTwice = new Set<string>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Returns an endpoint for a request named `name`. Throws `MpError`: no primary, no descriptors left. */
  take(name: string): Endpoint {
    const { peers, receiver } = this.#wire;
    while (this.#idle.length >= TURNS && !this.#answeredTwice.has(name)) {
      const endpoint = this.#idle.shift();
      if (endpoint === undefined) break;
      const surplus = receiver.drain(endpoint, peers.dialect);
      if (surplus.size === 0) return endpoint;
      endpoint.close(); // the next surplus answer may come at any time
      for (const twice of surplus) this.#answeredTwice.add(twice);
    }
    const endpoint = peers.open();
    this.#current.add(endpoint);
    return endpoint;
  }

  /** Takes back the endpoint of a request named `name` that every peer has answered. */
  giveBack(name: string, endpoint: Endpoint): void {
    const isUsable = this.#current.has(endpoint) && !this.#answeredTwice.has(name);
    if (isUsable && this.#idle.length < MOST_IDLE) this.#idle.push(endpoint);
    else endpoint.close();
  }

  /** Lets no endpoint be used again: the primary that they are connected to is gone. */
  clear(): void {
    this.#current = new WeakSet();
    for (const endpoint of this.#idle) endpoint.close();
    this.#idle = [];
  }
}
