import { DecodeError, decodeMessage } from '../../protocol/codec.js';
import type { Dialect } from '../../protocol/dialect.js';
import type { DecodedMessage } from '../../protocol/message.js';
import { errnoName } from '../../sys/errors.js';
import type { OwnedFd } from '../../sys/owned-fd.js';
import { type DropEvent, debug, diagnostics, type TrafficEvent } from '../diagnostics.js';
import type { Datagram, Endpoint } from '../transport/transport.js';
import { closeAll } from './message.js';
import type { Counters, DropReason } from './stats.js';

/** A valid message and whoever sent it. The receiver of this owns the descriptors. */
export interface Inbound {
  readonly message: DecodedMessage;
  readonly fds: readonly OwnedFd[];
  readonly sender: string | undefined;
  /** What it was encoded in, so what its sender understands. */
  readonly dialect: Dialect;
}

const NO_NAMES: ReadonlySet<string> = new Set();

const SUSPICIOUS: ReadonlySet<DropReason> = new Set([
  'malformed',
  'truncated',
  'unterminated-name',
  'untrusted',
]);

/** Takes datagrams in and lets only valid, trustworthy messages pass: the rest is counted, and its descriptors closed. */
export class Receiver {
  readonly #counters: Counters;
  readonly #trusted: ReadonlySet<number> | undefined;
  readonly #onFirst: (reason: DropReason, detail: string) => void;

  /**
   * @param trustedUids whose datagrams to accept; `undefined` where file permissions see to that
   * @param onFirst called for the first drop of each reason that tells of a peer gone wrong
   */
  constructor(
    counters: Counters,
    trustedUids: readonly number[] | undefined,
    onFirst: (reason: DropReason, detail: string) => void,
  ) {
    this.#counters = counters;
    this.#onFirst = onFirst;
    this.#trusted = trustedUids && new Set(trustedUids);
  }

  /** The next valid message from `endpoint`, `undefined` when there is none. `dialect` is asked at each datagram. */
  next(endpoint: Endpoint, dialect: (datagram: Datagram) => Dialect): Inbound | undefined {
    for (;;) {
      const datagram = endpoint.receive();
      if (datagram === undefined) return undefined;
      if (typeof datagram === 'number') {
        debug('recvmsg %s: %s', endpoint.path, errnoName(-datagram));
        return undefined;
      }
      const inbound = this.#accept(datagram, dialect(datagram));
      if (inbound !== undefined) return inbound;
    }
  }

  /** Drops every message at `endpoint` as an answer that nobody waits for; returns their names. */
  drain(endpoint: Endpoint, dialect: Dialect): ReadonlySet<string> {
    let names = NO_NAMES;
    const next = () => this.next(endpoint, () => dialect);
    for (let inbound = next(); inbound !== undefined; inbound = next()) {
      const { name } = inbound.message;
      names = new Set([...names, name]);
      this.drop('late-reply', inbound.fds, inbound.sender, name);
    }
    return names;
  }

  /** Counts something that is of no use, and closes what came with it. */
  drop(reason: DropReason, fds: readonly OwnedFd[], sender: string | undefined, detail: string): void {
    closeAll(fds, this.#counters);
    const count = ++this.#counters.dropped[reason];
    if (count === 1 && SUSPICIOUS.has(reason)) this.#onFirst(reason, detail);
    debug('dropped (%s) from %s: %s', reason, sender, detail);
    if (diagnostics.drop.hasSubscribers) {
      diagnostics.drop.publish({ reason, peer: sender, detail } satisfies DropEvent);
    }
  }

  #accept({ bytes, truncated, sender, uid, fds }: Datagram, dialect: Dialect): Inbound | undefined {
    if (this.#trusted !== undefined && (uid === undefined || !this.#trusted.has(uid))) {
      this.drop('untrusted', fds, sender, `sent by uid ${uid}`);
    } else if (truncated) {
      this.drop(
        'truncated',
        fds,
        sender,
        `${bytes.length} bytes and ${fds.length} descriptors were left of it`,
      );
    } else {
      const message = this.#decode(bytes, dialect, sender, fds);
      if (message?.nameTerminated) return this.#accepted({ message, fds, sender, dialect });
      if (message !== undefined) this.drop('unterminated-name', fds, sender, message.name);
    }
    return undefined;
  }

  #decode(bytes: Uint8Array, dialect: Dialect, sender: string | undefined, fds: readonly OwnedFd[]) {
    try {
      return decodeMessage(dialect, bytes, fds.length);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.drop('malformed', fds, sender, error.message);
      return undefined;
    }
  }

  #accepted(inbound: Inbound): Inbound {
    this.#counters.received++;
    if (diagnostics.receive.hasSubscribers) {
      const { type, name, numFds } = inbound.message;
      const event: TrafficEvent = { type, name, peer: inbound.sender, fdCount: numFds };
      diagnostics.receive.publish(event);
    }
    return inbound;
  }
}
