import { DecodeError, decodeMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import type { DecodedMessage } from '../../protocol/message.js';
import { errnoName } from '../../sys/errors.js';
import type { OwnedFd } from '../../sys/owned-fd.js';
import { type DropEvent, debug, diagnostics, type TrafficEvent } from '../diagnostics.js';
import type { Datagram, Endpoint } from '../transport/transport.js';
import { closeAll } from './message.js';
import type { Counters, DropReason } from './stats.js';

/** A valid received message and its sender. The holder of this object owns the descriptors. */
export interface Inbound {
  readonly message: DecodedMessage;
  readonly fds: readonly OwnedFd[];
  readonly sender: string | undefined;
  /** Dialect of the message, which its sender understands. */
  readonly dialect: Dialect;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Reasons that tell of a faulty or hostile peer. */
const SUSPICIOUS: ReadonlySet<DropReason> = new Set([
  'malformed',
  'truncated',
  'unterminated-name',
  'untrusted',
]);

/** Receives datagrams and returns only valid messages of trusted senders. Counts the others, and closes their descriptors. */
export class Receiver {
  readonly counters: Counters;
  readonly #dialectOf: (datagram: Datagram) => Dialect;
  readonly #trusted: ReadonlySet<number> | undefined;
  readonly #onFirst: (reason: DropReason, detail: string) => void;

  /**
   * @param dialectOf returns the dialect of a datagram when the caller of `next` doesn't give it
   * @param trustedUids users whose datagrams are accepted; `undefined` where file permissions keep others away
   * @param onFirst called for the first drop of each suspicious reason
   */
  constructor(
    counters: Counters,
    dialectOf: (datagram: Datagram) => Dialect,
    trustedUids: readonly number[] | undefined,
    onFirst: (reason: DropReason, detail: string) => void,
  ) {
    this.counters = counters;
    this.#dialectOf = dialectOf;
    this.#onFirst = onFirst;
    this.#trusted = trustedUids && new Set(trustedUids);
  }

  /**
   * Returns the next valid message at `endpoint`, `undefined` if there is none. `dialect` is that of the expected
   * answers.
   */
  next(endpoint: Endpoint, dialect?: Dialect): Inbound | undefined {
    for (;;) {
      const datagram = endpoint.receive();
      if (datagram === undefined) return undefined;
      if (typeof datagram === 'number') {
        debug('recvmsg %s: %s', endpoint.path, errnoName(-datagram));
        return undefined;
      }
      const inbound = this.#accept(datagram, dialect ?? this.#dialectOf(datagram));
      if (inbound !== undefined) return inbound;
    }
  }

  /** Drops every message at `endpoint` as an answer that no request waits for. Returns the messages' names. */
  drain(endpoint: Endpoint, dialect: Dialect): ReadonlySet<string> {
    let names = NO_NAMES;
    for (let next = this.next(endpoint, dialect); next !== undefined; next = this.next(endpoint, dialect)) {
      const { name } = next.message;
      names = new Set([...names, name]);
      this.drop('late-reply', next.fds, next.sender, name);
    }
    return names;
  }

  /** Counts a message that is not used, and closes the descriptors that came with it. */
  drop(reason: DropReason, fds: readonly OwnedFd[], sender: string | undefined, detail: string): undefined {
    closeAll(fds, this.counters);
    const count = ++this.counters.dropped[reason];
    if (count === 1 && SUSPICIOUS.has(reason)) this.#onFirst(reason, detail);
    debug('dropped (%s) from %s: %s', reason, sender, detail);
    if (diagnostics.drop.hasSubscribers) {
      diagnostics.drop.publish({ reason, peer: sender, detail } satisfies DropEvent);
    }
  }

  #accept({ bytes, truncated, sender, uid, fds }: Datagram, dialect: Dialect): Inbound | undefined {
    if (this.#trusted !== undefined && (uid === undefined || !this.#trusted.has(uid))) {
      return this.drop('untrusted', fds, sender, `sent by uid ${uid}`);
    }
    if (truncated) {
      const left = `${bytes.length} bytes and ${fds.length} descriptors arrived, the rest was cut off`;
      return this.drop('truncated', fds, sender, left);
    }
    const message = this.#decode(bytes, dialect, sender, fds);
    if (message === undefined) return undefined;
    if (!message.nameTerminated) return this.drop('unterminated-name', fds, sender, message.name);
    this.counters.received++;
    if (diagnostics.receive.hasSubscribers) {
      const { type, name, numFds } = message;
      diagnostics.receive.publish({ type, name, peer: sender, fdCount: numFds } satisfies TrafficEvent);
    }
    return { message, fds, sender, dialect };
  }

  #decode(bytes: Uint8Array, dialect: Dialect, sender: string | undefined, fds: readonly OwnedFd[]) {
    try {
      return decodeMessage(dialect, bytes, fds.length);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.drop('malformed', fds, sender, error.message);
    }
  }
}
