import type { Dialect } from '../../protocol/dialect.js';
import { refusalOf } from '../../protocol/drivers/refusals.js';
import { isSecondarySocket } from '../../protocol/paths.js';
import { ECONNREFUSED, ENOENT } from '../../sys/errors.js';
import { closedError, MpTimeoutError } from '../errors.js';
import { type Peer, peerAt, Reply, type ReplyBody } from '../messages/message.js';
import type { Endpoint, Releasable, Transport } from '../transport/transport.js';
import type { Peers } from './peers.js';

/** A primary's peers: every secondary whose socket is in the runtime directory when something is sent. */
export class ToSecondaries implements Peers {
  readonly dialect: Dialect;
  readonly isSingle = false;
  readonly isReceiving = true;
  readonly #transport: Transport;
  #isClosed = false;

  constructor(transport: Transport, dialect: Dialect) {
    this.#transport = transport;
    this.dialect = dialect;
  }

  paths(): string[] {
    return this.#transport.secondaries();
  }

  list(): Peer[] {
    return this.paths().map(peerAt);
  }

  /** A secondary that starts holds the runtime directory's lock; while the primary sends, none starts. */
  tryReady(): Releasable | undefined {
    if (this.#isClosed) throw closedError();
    return this.#transport.lockSecondaries();
  }

  notReady(): MpTimeoutError {
    const message =
      'Another process of this prefix is starting and locks the runtime directory: try again, or give a longer timeoutMs';
    return new MpTimeoutError(message, this.#transport.primaryPath, new Reply(0, []));
  }

  open(): Endpoint {
    return this.#transport.openReply(false);
  }

  /** A dead secondary and one that has just left are no failure. C removes the name of a dead one, too. */
  isGone(path: string, result: number): boolean {
    if (result === -ECONNREFUSED) this.#transport.forgetSecondary(path);
    return result === -ECONNREFUSED || (result === -ENOENT && !this.#transport.exists(path));
  }

  reconnect(): boolean {
    return false;
  }

  senderOf(sender = ''): string {
    return sender;
  }

  dialectOf(): Dialect {
    return this.dialect;
  }

  look(): void {}

  isDeadRequester(path: string, result: number): boolean {
    if (result !== -ECONNREFUSED) return false;
    if (isSecondarySocket(path.slice(path.lastIndexOf('/') + 1))) this.#transport.forgetSecondary(path);
    return true;
  }

  refusalOf(name: string, param: Uint8Array): ReplyBody | undefined {
    const refusal = refusalOf(name, param);
    return refusal && { param: refusal };
  }

  onReplaced(): void {}

  close(): void {
    this.#isClosed = true;
  }
}
