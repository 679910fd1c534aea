import { PreparedMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import { invalid, MpError } from '../../protocol/errors.js';
import { type Message, MpType } from '../../protocol/message.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, errnoName } from '../../sys/errors.js';
import { MAX_SOCKET_PATH } from '../../sys/sockaddr.js';
import { sendError } from '../errors.js';
import type { Peer, ReplyBody } from '../messages/message.js';
import type { Wire } from '../peers/peers.js';
import type { Endpoint } from '../transport/transport.js';

/** How long an answer waits for room in the requester's queue, in milliseconds. */
const REPLY_TIMEOUT_MS = 5_000;

/** A request that was given to a handler, and whether it has been answered. */
interface Expected {
  readonly name: string;
  readonly dialect: Dialect;
  isAnswered: boolean;
}

/** Answers requests. The answers leave from the public endpoint, because the requester accepts them from its path only. */
export class Replier {
  readonly #wire: Wire;
  readonly #expected = new WeakMap<Peer, Expected>();
  #endpoint: Endpoint | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  open(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
  }

  close(): void {
    this.#endpoint = undefined;
  }

  /** Remembers that `peer` has sent the request `name`. The key is the object: the handler gets the same one. */
  expect(peer: Peer, name: string, dialect: Dialect): void {
    this.#expected.set(peer, { name, dialect, isAnswered: false });
  }

  /**
   * Sends what a handler returned, IGN without a `body`. A requester that is gone is no error: the answer is counted as
   * dropped.
   */
  async answer(peer: Peer, name: string, body: ReplyBody | undefined): Promise<void> {
    if (peer.path === '') {
      this.#wire.receiver.drop('unsent-reply', [], undefined, `${name}: its sender has no socket of its own`);
      return;
    }
    try {
      await this.#send(body === undefined ? MpType.IGN : MpType.REP, { ...body, name }, peer);
    } catch (error) {
      const isGone = error instanceof MpError && ['ECONNREFUSED', 'ENOENT', 'ECANCELED'].includes(error.code);
      if (!isGone) throw error;
      this.#wire.receiver.drop('unsent-reply', [], peer.path, name);
    }
  }

  /** Sends a reply: `rte_mp_reply`. */
  async reply(message: Message, peer: Peer): Promise<void> {
    await this.#send(MpType.REP, message, peer);
  }

  #send(type: typeof MpType.REP | typeof MpType.IGN, given: Message, peer: Peer): Promise<void> {
    const { peers, outbox } = this.#wire;
    const to = checkPeer(peer);
    const message = new PreparedMessage(given);
    const expected = this.#expected.get(peer);
    if (expected !== undefined) checkExpected(expected, message.name);
    // another process may have become the primary: it did not ask, and may speak another dialect
    peers.look();
    const { dialect } = peers;
    if (expected !== undefined && expected.dialect.wireLength !== dialect.wireLength) throw goneError(to);
    const bytes = message.encode(dialect, type);
    const endpoint = this.#endpoint;
    if (endpoint === undefined) throw noEndpointError();
    if (expected !== undefined) expected.isAnswered = true;
    return new Promise((resolve, reject) => {
      const done = (result: number) => {
        if (result === 0 || peers.isDeadRequester(to, result)) {
          resolve();
          return;
        }
        const code = result === -EAGAIN ? 'ETIMEDOUT' : errnoName(-result);
        reject(sendError(code, `Reply '${message.name}'`, to));
      };
      const deadline = nowMs() + REPLY_TIMEOUT_MS;
      outbox.submit({ type, message, bytes, endpoint, to, isConnected: false, deadline, done });
    });
  }
}

function checkPeer(peer: Peer): string {
  const path: unknown = peer?.path;
  if (typeof path !== 'string' || path.includes('\0') || Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw invalid('A reply needs a peer with a socket path: pass the peer that the handler got');
  }
  if (path === '') {
    throw new MpError(
      'EDESTADDRREQ',
      'The requester has no socket address, so it can not be answered: it must bind its socket',
    );
  }
  return path;
}

function checkExpected({ name, isAnswered }: Expected, replyName: string): void {
  if (name !== replyName) {
    const message = `The request was '${name}', and its sender drops a reply named '${replyName}': reply as '${name}'`;
    throw invalid(message);
  }
  if (isAnswered) {
    const message = `'${name}' has been answered already: the requester could take a second reply for the answer to its next request`;
    throw new MpError(
      'EALREADY',
      `${message}. Reply once, or return nothing from the handler that replies itself`,
    );
  }
}

function goneError(path: string): MpError {
  return new MpError(
    'ECONNREFUSED',
    `The primary that asked is gone, and another one is at ${path}: drop the reply`,
    { path },
  );
}

function noEndpointError(): MpError {
  return new MpError(
    'ECANCELED',
    "The channel has no public socket to reply from, because it is closed or private: open one with visibility 'peer'",
  );
}
