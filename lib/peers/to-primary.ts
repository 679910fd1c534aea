import { DIALECTS, type Dialect, type DialectId, dialectOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { enableMultiProcess } from '../../shm/attach/mp-status.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/mem-config.js';
import { nowMs } from '../../sys/clock.js';
import { ECONNREFUSED } from '../../sys/errors.js';
import { debug } from '../diagnostics.js';
import { closedError, MpTimeoutError } from '../errors.js';
import { type Peer, Reply } from '../messages/message.js';
import type { Datagram, Endpoint, Releasable, Transport } from '../transport/transport.js';
import type { Peers } from './peers.js';

/** How long a look at the primary is good for a socket that is connected to it, in milliseconds. */
const FRESH_MS = 1;

/** The dialect of a primary that says nothing about itself: a Node primary without shared memory. */
export const DEFAULT_DIALECT = DIALECTS['332/8'];

const NOTHING_HELD: Releasable = { release() {} };

/**
 * Dialect of the primary beside this `config`. Without its owner's lock the file is a dead primary's, and tells nothing
 * about the process at the socket. Throws `EVERSION` for an unknown release.
 */
export function dialectIn(head: ConfigHead | undefined): Dialect {
  return head?.lock === undefined ? DEFAULT_DIALECT : dialectOf(head.versionWord);
}

/**
 * A secondary's peer: the primary, whichever process that is now. It is looked at again whenever another process has become
 * the primary: a datagram of the wrong length would end the IPC thread of a C process.
 */
export class ToPrimary implements Peers {
  readonly isSingle = true;
  readonly #transport: Transport;
  readonly #configPath: string | undefined;
  readonly #announces: boolean;
  readonly #fixed: Dialect | undefined;
  #dialect: Dialect;
  #incarnation: string | undefined;
  #isStarting = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #onReplaced: () => void = () => {};
  #isClosed = false;

  /**
   * @param configPath the primary's `config`; `undefined` where there is none to look at
   * @param announces whether to set `mp_status` in `config`, as each C secondary does
   */
  constructor(
    transport: Transport,
    dialect: DialectId | 'auto',
    configPath: string | undefined,
    announces: boolean,
  ) {
    this.#transport = transport;
    this.#configPath = configPath;
    this.#announces = announces;
    this.#fixed = dialect === 'auto' ? undefined : DIALECTS[dialect];
    this.#dialect = this.#fixed ?? DEFAULT_DIALECT;
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  /** A primary answers IGN to everything until its initialisation is complete. */
  get isReceiving(): boolean {
    return !this.#isStarting;
  }

  paths(): string[] {
    return [this.#transport.primaryPath];
  }

  list(): Peer[] {
    const { primaryPath: path } = this.#transport;
    return this.#transport.exists(path) ? [{ path }] : [];
  }

  /**
   * The last look counts while it is fresh: what is sent leaves from sockets that are connected to the primary that was
   * looked at, so it reaches no other.
   */
  tryReady(): Releasable | undefined {
    if (this.#isClosed) throw closedError();
    const now = nowMs();
    if (now - this.#lookedAt >= FRESH_MS || this.#isStarting) {
      this.look();
      this.#lookedAt = now;
    }
    return this.#isStarting ? undefined : NOTHING_HELD;
  }

  notReady(): MpTimeoutError {
    const { primaryPath } = this.#transport;
    const message = `The primary at ${primaryPath} is still starting: wait for it, or give a longer timeoutMs`;
    return new MpTimeoutError(message, primaryPath, new Reply(0, []));
  }

  /**
   * Opens an endpoint that is connected to the primary, and looks again who that is. A primary writes its release before it
   * binds its socket, so what is read now is not its predecessor's; what was read before may be.
   */
  open(): Endpoint {
    const endpoint = this.#transport.openReply(true);
    try {
      this.look();
      return endpoint;
    } catch (error) {
      endpoint.close();
      throw error;
    }
  }

  isGone(_path: string, result: number): boolean {
    return result === -ECONNREFUSED;
  }

  /** Forgets the primary that turned out to be gone: the next endpoint connects to its successor. */
  reconnect(): boolean {
    this.#incarnation = undefined;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#onReplaced();
    return true;
  }

  /** The kernel lets only its peer send to a connected socket, however that peer spells its path. */
  senderOf(): string {
    return this.#transport.primaryPath;
  }

  dialectOf({ bytes, fds }: Datagram): Dialect {
    const { wireLength, maxFds } = this.#dialect;
    const fits = bytes.length === wireLength && fds.length <= maxFds;
    if (fits || !Object.values(DIALECTS).some((dialect) => dialect.wireLength === bytes.length))
      return this.#dialect;
    try {
      this.look();
    } catch (error) {
      // then the datagram is dropped as malformed; the next request says why
      debug('a datagram of %d bytes: %s', bytes.length, error);
    }
    return this.#dialect;
  }

  /**
   * Looks whether the primary is still the same process. Throws `EVERSION` if its dialect is unknown, `ENOTSUP` if it
   * refuses secondaries.
   */
  look(): void {
    const incarnation = this.#transport.primaryIncarnation();
    if (incarnation === this.#incarnation && !this.#isStarting) return;
    if (incarnation !== this.#incarnation) this.#onReplaced();
    this.#readConfig(); // a failure leaves the old incarnation, so that the next call looks again
    this.#incarnation = incarnation;
  }

  isDeadRequester(): boolean {
    return false;
  }

  refusalOf(): undefined {}

  onReplaced(callback: () => void): void {
    this.#onReplaced = callback;
  }

  close(): void {
    this.#isClosed = true;
  }

  #readConfig(): void {
    const path = this.#configPath;
    const head = path === undefined ? undefined : readConfigHead(path);
    const isAlive = head?.lock !== undefined;
    this.#isStarting = isAlive && !head.complete;
    if (this.#fixed === undefined) this.#dialect = dialectIn(head);
    if (path !== undefined && this.#announces && isAlive && head.complete) announce(path);
  }
}

function announce(configPath: string): void {
  try {
    if (enableMultiProcess(configPath) !== 'disabled') return;
  } catch (error) {
    // messages need nothing of a memory layout that is unknown
    if (!(error instanceof MpError && (error.code === 'EVERSION' || error.code === 'ELAYOUT'))) throw error;
    debug('not announced to the primary: %s', error.message);
    return;
  }
  throw new MpError(
    'ENOTSUP',
    `The primary of ${configPath} has disabled multi-process. Open with visibility 'private' to ask it all the same`,
    { path: configPath },
  );
}
