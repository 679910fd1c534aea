import type { Endpoint, Transport } from './transport.js';

/**
 * How many endpoints take turns. A peer that answers twice sends its surplus answer to one that rests for this many
 * requests, and is found out before that one's turn comes again.
 */
const TURNS = 8;

/** What was found in an endpoint before it is used again: the names of answers that nobody waited for. */
export type Surplus = ReadonlySet<string>;

/**
 * The private endpoints that requests leave from, one for each request in flight. Nothing on the wire tells an answer
 * to an old request from one to a new request: the endpoint does. One whose request has no answer yet is never used
 * again, so that a late answer finds nobody; the others take turns, since a new socket costs more than a request does.
 */
export class ReplyEndpoints {
  readonly #transport: Transport;
  readonly #toPrimary: boolean;
  /** Longest rest first. */
  #idle: Endpoint[] = [];
  #current = new WeakSet<Endpoint>();
  /** Names that somebody has answered twice: their requests never leave from a used endpoint again. */
  readonly #answeredTwice = new Set<string>();

  constructor(transport: Transport, toPrimary: boolean) {
    this.#transport = transport;
    this.#toPrimary = toPrimary;
  }

  /** Throws `MpError`: no primary, no descriptors left. `drain` empties one. */
  take(name: string, drain: (endpoint: Endpoint) => Surplus): Endpoint {
    while (this.#idle.length >= TURNS && !this.#answeredTwice.has(name)) {
      const endpoint = this.#idle.shift();
      if (endpoint === undefined) break;
      const surplus = drain(endpoint);
      if (surplus.size === 0) return endpoint;
      endpoint.close(); // who knows when the next one comes
      for (const twice of surplus) this.#answeredTwice.add(twice);
    }
    const endpoint = this.#transport.openReply(this.#toPrimary);
    this.#current.add(endpoint);
    return endpoint;
  }

  /** Takes back one whose request, named `name`, has been answered by everybody. */
  giveBack(name: string, endpoint: Endpoint): void {
    const isUsable = this.#current.has(endpoint) && !this.#answeredTwice.has(name);
    if (isUsable && this.#idle.length < TURNS) this.#idle.push(endpoint);
    else endpoint.close();
  }

  /** Lets no endpoint be used again: the primary that they are connected to is gone. */
  clear(): void {
    this.#current = new WeakSet();
    for (const endpoint of this.#idle) endpoint.close();
    this.#idle = [];
  }
}
