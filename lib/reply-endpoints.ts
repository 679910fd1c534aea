import type { Endpoint, Transport } from './transport.js';

/** How many endpoints are kept for the next requests; a socket costs more than a request does. */
const MAX_IDLE = 8;

/**
 * The private endpoints that requests leave from, one for each request in flight. Nothing on the wire tells an answer
 * to an old request from one to a new request: the endpoint does. One whose request has no answer yet is never used
 * again, so that a late answer finds nobody.
 */
export class ReplyEndpoints {
  readonly #transport: Transport;
  readonly #toPrimary: boolean;
  #idle: Endpoint[] = [];
  #current = new WeakSet<Endpoint>();

  constructor(transport: Transport, toPrimary: boolean) {
    this.#transport = transport;
    this.#toPrimary = toPrimary;
  }

  /** Throws `MpError`: no primary, no descriptors left. `drain` empties one, and says whether there was anything. */
  take(drain: (endpoint: Endpoint) => boolean): Endpoint {
    for (let endpoint = this.#idle.pop(); endpoint !== undefined; endpoint = this.#idle.pop()) {
      if (!drain(endpoint)) return endpoint;
      endpoint.close(); // its peer answers twice: who knows when the next surplus answer comes
    }
    const endpoint = this.#transport.openReply(this.#toPrimary);
    this.#current.add(endpoint);
    return endpoint;
  }

  /** Takes back one whose request has been answered by everybody. */
  giveBack(endpoint: Endpoint): void {
    if (this.#idle.length < MAX_IDLE && this.#current.has(endpoint)) this.#idle.push(endpoint);
    else endpoint.close();
  }

  /** Lets no endpoint be used again: the primary that they are connected to is gone. */
  clear(): void {
    this.#current = new WeakSet();
    for (const endpoint of this.#idle) endpoint.close();
    this.#idle = [];
  }
}
