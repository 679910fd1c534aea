import type { Wire } from '../peers/peers.js';
import type { Endpoint } from '../transport/transport.js';

/**
 * How many endpoints take turns. An endpoint rests for this many requests before it is used again, so that a second answer
 * to its last request has arrived by then, and is noticed.
 */
const TURNS = 8;
/** How many idle endpoints are kept. As many requests may be in flight at a time, again and again, without new sockets. */
const MAX_IDLE = TURNS + 32;

/**
 * The private endpoints that requests leave from, one for each request in flight. Only the endpoint tells an answer to an
 * old request from one to a new request: nothing on the wire does. An endpoint whose request was not answered is never used
 * again, so that a late answer finds no request. The others take turns, because a new socket costs more than a request.
 */
export class ReplyEndpoints {
  readonly #wire: Wire;
  /** Endpoints that may be used again; the one that has rested longest is first. */
  #idle: Endpoint[] = [];
  /** Endpoints that were opened since the last `clear`. */
  #current = new WeakSet<Endpoint>();
  /** Names of requests that some peer has answered twice. Their requests never leave from a used endpoint again. */
  readonly #answeredTwice = new Set<string>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Returns an endpoint for a request named `name`. Throws `MpError` without a primary, or without free descriptors. */
  take(name: string): Endpoint {
    const { peers, receiver } = this.#wire;
    while (this.#idle.length >= TURNS && !this.#answeredTwice.has(name)) {
      const endpoint = this.#idle.shift();
      if (endpoint === undefined) break;
      const surplus = receiver.drain(endpoint, peers.dialect);
      if (surplus.size === 0) return endpoint;
      endpoint.close(); // another surplus answer may come at any time
      for (const twice of surplus) this.#answeredTwice.add(twice);
    }
    const endpoint = peers.open();
    this.#current.add(endpoint);
    return endpoint;
  }

  /** Takes back the endpoint of a request named `name` that every peer has answered. */
  giveBack(name: string, endpoint: Endpoint): void {
    const isUsable = this.#current.has(endpoint) && !this.#answeredTwice.has(name);
    if (isUsable && this.#idle.length < MAX_IDLE) this.#idle.push(endpoint);
    else endpoint.close();
  }

  /** Lets none of the present endpoints be used again, because the primary that they are connected to is gone. */
  clear(): void {
    this.#current = new WeakSet();
    for (const endpoint of this.#idle) endpoint.close();
    this.#idle = [];
  }
}
