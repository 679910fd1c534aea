import { DIALECTS, type Dialect } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { type Message, MpType } from '../../protocol/message.js';
import { isSecondarySocket } from '../../protocol/paths.js';
import { nowMs } from '../../sys/clock.js';
import { EAGAIN, ECONNREFUSED, errnoName } from '../../sys/errors.js';
import { MAX_SOCKET_PATH } from '../../sys/message-block.js';
import { debug } from '../diagnostics.js';
import { sendError } from '../errors.js';
import type { Peer, ReplyBody } from '../messages/message.js';
import type { Receiver } from '../messages/receiver.js';
import { checkForAnyDialect, type Sender } from '../messages/sender.js';
import type { PrimaryLink } from '../peers/primary-link.js';
import type { Datagram, Endpoint, Transport } from '../transport/transport.js';

/** How long an answer waits for room in the requester's queue. */
const REPLY_TIMEOUT_MS = 5_000;

export interface ReplierOptions {
  readonly transport: Transport;
  readonly link: PrimaryLink;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly role: 'primary' | 'secondary';
}

/** A request that a handler got, and whether it has been answered. */
interface Expected {
  readonly name: string;
  readonly dialect: Dialect;
  isAnswered: boolean;
}

/** Answers requests from the public endpoint: that path is what the requester waits for. */
export class Replier {
  readonly #options: ReplierOptions;
  readonly #expected = new WeakMap<Peer, Expected>();
  #endpoint: Endpoint | undefined;

  constructor(options: ReplierOptions) {
    this.#options = options;
  }

  open(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
  }

  close(): void {
    this.#endpoint = undefined;
  }

  /** Remembers that `peer` (the object that the handler gets) has asked for `name`. */
  expect(peer: Peer, name: string, dialect: Dialect): void {
    this.#expected.set(peer, { name, dialect, isAnswered: false });
  }

  /** The dialect of a datagram: one that doesn't fit what we know may tell that the primary was replaced. */
  dialectFor({ bytes, fds }: Datagram): Dialect {
    const { link, role } = this.#options;
    const { wireLength, maxFds } = link.dialect;
    const fits = bytes.length === wireLength && fds.length <= maxFds;
    if (fits || role !== 'secondary') return link.dialect;
    const isKnown = Object.values(DIALECTS).some((dialect) => dialect.wireLength === bytes.length);
    if (!isKnown) return link.dialect;
    try {
      link.refresh();
    } catch (error) {
      // Then it can't be read, and is dropped for that; the next request says why.
      debug('a datagram of %d bytes: %s', bytes.length, error);
    }
    return link.dialect;
  }

  /** What a handler returned: IGN if that is no body. A requester that has given up meanwhile is no error. */
  async answer(peer: Peer, name: string, body: ReplyBody | undefined): Promise<void> {
    if (peer.path === '') {
      this.#options.receiver.drop(
        'unsent-reply',
        [],
        undefined,
        `${name}: its sender has no socket of its own`,
      );
      return;
    }
    try {
      await this.#send(body === undefined ? MpType.IGN : MpType.REP, { ...body, name }, peer);
    } catch (error) {
      const isGone = error instanceof MpError && ['ECONNREFUSED', 'ENOENT', 'ECANCELED'].includes(error.code);
      if (!isGone) throw error;
      this.#options.receiver.drop('unsent-reply', [], peer.path, name);
    }
  }

  /** `rte_mp_reply`. */
  async reply(message: Message, peer: Peer): Promise<void> {
    await this.#send(MpType.REP, message, peer);
  }

  #send(type: typeof MpType.REP | typeof MpType.IGN, given: Message, peer: Peer): Promise<void> {
    const { link, role, sender } = this.#options;
    const path = checkPeer(peer);
    const message = checkForAnyDialect(given);
    const expected = this.#expected.get(peer);
    if (expected !== undefined) checkExpected(expected, message.name);
    // Whoever has become the primary in the meantime hasn't asked, and may speak another dialect. Whether it is the primary that
    // we answer, its path doesn't tell: directories can be spelled in several ways.
    if (role === 'secondary') link.refresh();
    if (expected !== undefined && expected.dialect.wireLength !== link.dialect.wireLength)
      throw goneError(path);
    const encoded = sender.encode(link.dialect, type, message);
    const endpoint = this.#endpoint;
    if (endpoint === undefined) throw noEndpointError();
    if (expected !== undefined) expected.isAnswered = true;
    return new Promise((resolve, reject) => {
      const done = (result: number) => {
        if (result === 0 || this.#isDeadSecondary(path, result)) resolve();
        else
          reject(
            sendError(result === -EAGAIN ? 'ETIMEDOUT' : errnoName(-result), `Reply '${message.name}'`, path),
          );
      };
      const deadline = nowMs() + REPLY_TIMEOUT_MS;
      sender.send(encoded, { endpoint, to: path, connected: false, deadline, done });
    });
  }

  /** To a primary a dead requester is no failure; it removes the name that is left of a secondary. */
  #isDeadSecondary(path: string, result: number): boolean {
    const { role, transport } = this.#options;
    if (role !== 'primary' || result !== -ECONNREFUSED) return false;
    if (isSecondarySocket(path.slice(path.lastIndexOf('/') + 1))) transport.forgetSecondary(path);
    return true;
  }
}

function checkPeer(peer: Peer): string {
  const path: unknown = peer?.path;
  if (typeof path !== 'string' || path.includes('\0') || Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw new MpError(
      'EINVAL',
      'A reply needs a peer with a socket path: pass the peer that the handler got',
    );
  }
  if (path === '') {
    throw new MpError(
      'EDESTADDRREQ',
      'The requester has no socket of its own and can not be answered: it must bind one',
    );
  }
  return path;
}

function checkExpected({ name, isAnswered }: Expected, replyName: string): void {
  if (name !== replyName) {
    const message = `The request was '${name}', and its sender drops a reply named '${replyName}': reply as '${name}'`;
    throw new MpError('EINVAL', message);
  }
  if (isAnswered) {
    const message = `'${name}' has been answered: a second reply could be taken for the answer to the next request`;
    throw new MpError(
      'EALREADY',
      `${message}. Reply once, or return nothing from the handler that replies itself`,
    );
  }
}

function goneError(path: string): MpError {
  return new MpError(
    'ECONNREFUSED',
    `The primary that asked is gone, and another one is at ${path}: nothing to do`,
    {
      path,
    },
  );
}

function noEndpointError(): MpError {
  return new MpError(
    'ECANCELED',
    "There is no public socket to reply from: the channel is closed, or private. Open one with visibility 'peer'",
  );
}
