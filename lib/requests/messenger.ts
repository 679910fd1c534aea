import { type Message, MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECONNREFUSED, ENOTCONN, errnoName } from '../../sys/errors.js';
import { closedError, sendError } from '../errors.js';
import type { Receiver } from '../messages/receiver.js';
import { checkForAnyDialect, type Sender } from '../messages/sender.js';
import { type PrimaryLink, refreshFor } from '../peers/primary-link.js';
import { isSecondaryGone, type Readiness } from '../peers/readiness.js';
import type { Endpoint, Transport } from '../transport/transport.js';

export interface MessengerOptions {
  readonly transport: Transport;
  readonly link: PrimaryLink;
  readonly readiness: Readiness;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly role: 'primary' | 'secondary';
}

/** One-way messages: to the primary as a secondary, to everybody as a primary. */
export class Messenger {
  readonly #options: MessengerOptions;
  /** Where they leave from; connected to the primary if we are a secondary. */
  #endpoint: Endpoint | undefined;
  #isClosed = false;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /** `rte_mp_sendmsg`. Resolves once it is in the queue of everybody who gets it. */
  async send(given: Message, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { readiness } = this.#options;
    const deadline = nowMs() + timeoutMs;
    const message = checkForAnyDialect(given);
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

  /** Where answers to our messages arrive: a C action isn't told that a message wants none. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** Drops those answers: left alone they would fill the queue, and the next one would block who sends it. */
  drain(): void {
    const { receiver, link } = this.#options;
    if (this.#endpoint !== undefined) receiver.drain(this.#endpoint, link.dialect);
  }

  close(): void {
    this.#isClosed = true;
    this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  async #unicast(message: Message, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { transport, link } = this.#options;
    const endpoint = this.#open();
    let result = await this.#sendTo(transport.primaryPath, message, deadline, signal);
    if (isPrimaryGone(result)) {
      // The next try connects to whoever is the primary now, or says that there is none.
      if (this.#endpoint === endpoint) link.invalidate();
      const lock = await this.#options.readiness.wait(deadline, signal);
      lock.release();
      result = await this.#sendTo(transport.primaryPath, message, deadline, signal);
    }
    if (result < 0) throw failure(result, message.name, transport.primaryPath);
  }

  /** Everybody gets it who can; then the first failure is reported, as in C. */
  async #broadcast(message: Message, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { transport } = this.#options;
    const peers = transport.secondaries();
    const results = await Promise.all(peers.map((peer) => this.#sendTo(peer, message, deadline, signal)));
    const failures = peers.filter((peer, i) => {
      const result = results[i] ?? 0;
      return result < 0 && !isSecondaryGone(transport, peer, result);
    });
    const first = failures[0];
    if (first !== undefined)
      throw failure(results[peers.indexOf(first)] ?? 0, message.name, failures.join(', '));
  }

  /** 0 or `-errno`. */
  #sendTo(to: string, message: Message, deadline: number, signal: AbortSignal | undefined): Promise<number> {
    const { sender, link, role } = this.#options;
    const connected = role === 'secondary';
    const endpoint = this.#open();
    if (connected && link.isStarting) return Promise.resolve(-ECONNREFUSED); // it has no actions yet
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

  #open(): Endpoint {
    if (this.#isClosed) throw closedError();
    if (this.#endpoint !== undefined) return this.#endpoint;
    const { transport, role, link } = this.#options;
    const endpoint = transport.openReply(role === 'secondary');
    if (role === 'secondary') refreshFor(endpoint, link);
    this.#endpoint = endpoint;
    endpoint.unref();
    endpoint.watch(() => this.drain());
    return endpoint;
  }
}

/** The first send to a dead primary is refused and disconnects the socket, which the next ones are told. */
function isPrimaryGone(result: number): boolean {
  return result === -ECONNREFUSED || result === -ENOTCONN;
}

function failure(result: number, name: string, peers: string) {
  return sendError(result === -EAGAIN ? 'ETIMEDOUT' : errnoName(-result), `Message '${name}'`, peers);
}
