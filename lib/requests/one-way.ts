import { PreparedMessage } from '../../protocol/codec.js';
import type { MpError } from '../../protocol/errors.js';
import { type Message, MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECONNREFUSED, ENOTCONN, errnoName } from '../../sys/errors.js';
import { closedError, sendError } from '../errors.js';
import { type Wire, whenReady } from '../peers/peers.js';
import type { Endpoint } from '../transport/transport.js';

/** Sends one-way messages: `rte_mp_sendmsg`. */
export class OneWay {
  readonly #wire: Wire;
  /** The endpoint that messages leave from. A secondary's is connected to the primary. */
  #endpoint: Endpoint | undefined;
  #isClosed = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /**
   * Resolves once the message is in the queue of every peer. If it can't reach some peers, the others get it all the same,
   * and the promise rejects with the first failure, as in C.
   */
  async send(given: Message, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const message = new PreparedMessage(given);
    const deadline = nowMs() + timeoutMs;
    const { peers } = this.#wire;
    const lock = peers.tryReady() ?? (await whenReady(peers, deadline, signal));
    try {
      const paths = peers.paths();
      const submitted = this.#submit(paths, message, deadline, signal);
      const endpoint = this.#endpoint;
      let results = submitted instanceof Promise ? await submitted : submitted;
      if (peers.isSingle && isDisconnected(results[0] ?? 0)) {
        // the second try connects to the process that is the primary now, or throws if there is none
        if (this.#endpoint === endpoint) peers.reconnect();
        (await whenReady(peers, deadline, signal)).release();
        results = await this.#submit(paths, message, deadline, signal);
        if ((results[0] ?? 0) < 0) throw failure(results[0] ?? 0, message.name, paths);
      }
      const failed = paths.filter((path, i) => {
        const result = results[i] ?? 0;
        return result < 0 && !peers.isGone(path, result);
      });
      const [first] = failed;
      if (first !== undefined) throw failure(results[paths.indexOf(first)] ?? 0, message.name, failed);
    } finally {
      lock.release();
    }
  }

  /** Closes the connection to a primary that is gone. Messages that wait for room there fail with `ECONNREFUSED`. */
  forgetPrimary(): void {
    if (this.#endpoint === undefined) return;
    this.#wire.outbox.cancel(-ECONNREFUSED, this.#endpoint);
    this.#endpoint.close();
    this.#endpoint = undefined;
  }

  /** Where answers to these messages arrive: a C action can't see that a message wants none, and may reply. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** Drops such answers. Left unread they would fill the queue, and the next one would block the process that sends it. */
  drain(): void {
    const { receiver, peers } = this.#wire;
    if (this.#endpoint !== undefined) receiver.drain(this.#endpoint, peers.dialect);
  }

  close(): void {
    this.#isClosed = true;
    this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  /** Returns 0 or `-errno` for each path; a promise of these only if some messages have to wait for room. */
  #submit(
    paths: readonly string[],
    message: PreparedMessage,
    deadline: number,
    signal: AbortSignal | undefined,
  ): readonly number[] | Promise<readonly number[]> {
    const { peers, outbox } = this.#wire;
    if (paths.length === 0) return [];
    const endpoint = this.#open();
    if (!peers.isReceiving) return paths.map(() => -ECONNREFUSED); // a primary that is starting has no actions yet
    const bytes = message.encode(peers.dialect, MpType.MSG);
    const results: number[] = [];
    let left = paths.length;
    let resolve: (results: readonly number[]) => void = () => {};
    paths.forEach((to, i) => {
      const done = (result: number) => {
        results[i] = result;
        left--;
        if (left === 0) resolve(results);
      };
      const isConnected = peers.isSingle;
      outbox.submit({ type: MpType.MSG, message, bytes, endpoint, to, isConnected, deadline, signal, done });
    });
    if (left === 0) return results;
    return new Promise((settle) => {
      resolve = settle;
    });
  }

  #open(): Endpoint {
    if (this.#isClosed) throw closedError();
    if (this.#endpoint !== undefined) return this.#endpoint;
    const endpoint = this.#wire.peers.open();
    this.#endpoint = endpoint;
    endpoint.unref();
    endpoint.watch(() => this.drain());
    return endpoint;
  }
}

/**
 * The first send to a dead primary fails with `ECONNREFUSED` and disconnects the socket; later ones find it disconnected.
 */
function isDisconnected(result: number): boolean {
  return result === -ECONNREFUSED || result === -ENOTCONN;
}

function failure(result: number, name: string, paths: readonly string[]): MpError {
  const code = result === -EAGAIN ? 'ETIMEDOUT' : errnoName(-result);
  return sendError(code, `Message '${name}'`, paths.join(', '));
}
