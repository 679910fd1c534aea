import type { Message } from '../protocol/message.js';
import { MpType } from '../protocol/message-type.js';
import type { PrimaryLink } from './primary-link.js';
import type { Readiness } from './readiness.js';
import { sendError } from './request-error.js';
import type { Sender } from './sender.js';
import { EAGAIN, ECONNREFUSED, ENOENT, errnoName } from './sys/errno.js';
import type { Endpoint, Transport } from './transport.js';

export interface MessengerOptions {
  readonly transport: Transport;
  readonly link: PrimaryLink;
  readonly readiness: Readiness;
  readonly sender: Sender;
  readonly role: 'primary' | 'secondary';
}

/** One-way messages: to the primary as a secondary, to everybody as a primary. */
export class Messenger {
  readonly #options: MessengerOptions;
  /** Where they leave from; connected to the primary if we are a secondary. */
  #endpoint: Endpoint | undefined;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /** `rte_mp_sendmsg`. Resolves once it is in the queue of everybody who gets it. */
  async send(message: Message, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { sender, link, readiness } = this.#options;
    const deadline = performance.now() + timeoutMs;
    sender.encode(link.dialect, MpType.MSG, message); // bad input first
    const lock = readiness.tryNow() ?? (await readiness.wait(deadline, signal));
    try {
      await (this.#options.role === 'primary'
        ? this.#broadcast(message, deadline, signal)
        : this.#unicast(message, deadline, signal));
    } finally {
      lock.release();
    }
  }

  /** Lets go of the connection to a primary that is gone; what waits for room there has lost its receiver. */
  forgetPrimary(): void {
    if (this.#endpoint === undefined) return;
    this.#options.sender.cancel(-ECONNREFUSED, this.#endpoint);
    this.#endpoint.close();
    this.#endpoint = undefined;
  }

  close(): void {
    this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  async #unicast(message: Message, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { transport, link } = this.#options;
    let result = await this.#sendTo(transport.primaryPath, message, deadline, signal);
    if (result === -ECONNREFUSED) {
      link.invalidate(); // the next try connects to whoever is the primary now, or says that there is none
      link.refresh();
      result = await this.#sendTo(transport.primaryPath, message, deadline, signal);
    }
    if (result < 0) throw failure(result, message.name, transport.primaryPath);
  }

  /** Everybody gets it who can; then the first failure is reported, as in C. */
  async #broadcast(message: Message, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { transport } = this.#options;
    const peers = transport.secondaries();
    const results = await Promise.all(peers.map((peer) => this.#sendTo(peer, message, deadline, signal)));
    const failures = peers.filter((peer, i) => !this.#isReached(peer, results[i] ?? 0));
    const first = failures[0];
    if (first !== undefined)
      throw failure(results[peers.indexOf(first)] ?? 0, message.name, failures.join(', '));
  }

  /** A secondary that is dead or has just left counts as reached: there is nobody to reach. */
  #isReached(peer: string, result: number): boolean {
    const { transport } = this.#options;
    if (result === -ECONNREFUSED) transport.forgetSecondary(peer);
    return result === 0 || result === -ECONNREFUSED || (result === -ENOENT && !transport.exists(peer));
  }

  /** 0 or `-errno`. */
  #sendTo(to: string, message: Message, deadline: number, signal: AbortSignal | undefined): Promise<number> {
    const { sender, link, transport, role } = this.#options;
    const connected = role === 'secondary';
    this.#endpoint ??= transport.openReply(connected);
    const endpoint = this.#endpoint;
    return new Promise((done) => {
      sender.send(sender.encode(link.dialect, MpType.MSG, message), {
        endpoint,
        to,
        connected,
        deadline,
        signal,
        done,
      });
    });
  }
}

function failure(result: number, name: string, peers: string) {
  return sendError(result === -EAGAIN ? 'ETIMEDOUT' : errnoName(-result), `Message '${name}'`, peers);
}
