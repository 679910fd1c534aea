import { DIALECTS, type Dialect, type DialectId, dialectOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { enableMultiProcess } from '../../shm/attach/mp-status.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/mem-config.js';
import { nowMs } from '../../sys/clock.js';
import { debug } from '../diagnostics.js';
import type { Endpoint, Transport } from '../transport/transport.js';

/** How long a look at who is the primary is good for a socket that is connected to it. */
const FRESH_MS = 1;

export interface PrimaryLinkOptions {
  readonly transport: Transport;
  readonly dialect: DialectId | 'auto';
  /** The primary's `config`; `undefined` where there is none to look at. */
  readonly configPath: string | undefined;
  /** Whether to say in `config` that secondaries exist, as each C secondary does. */
  readonly announce: boolean;
}

/**
 * What we know of the primary, and so which wire dialect to use. It is looked at again whenever another process has
 * become the primary: a datagram of the wrong length would end the IPC thread of a C process.
 */
export class PrimaryLink {
  readonly #options: PrimaryLinkOptions;
  readonly #fixed: Dialect | undefined;
  #dialect: Dialect;
  #incarnation: string | undefined;
  #isStarting = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #onReplaced: () => void = () => {};

  constructor(options: PrimaryLinkOptions) {
    this.#options = options;
    this.#fixed = options.dialect === 'auto' ? undefined : DIALECTS[options.dialect];
    this.#dialect = this.#fixed ?? DEFAULT_DIALECT;
  }

  /** As of the last `refresh`. */
  get dialect(): Dialect {
    return this.#dialect;
  }

  /** The primary answers IGN to everything until its initialisation is complete: worth waiting for. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  /** Calls back when another process has become the primary. */
  onReplaced(callback: () => void): void {
    this.#onReplaced = callback;
  }

  /**
   * Looks whether the primary is still the one it was. Throws `EVERSION` if it speaks nothing that we know, `ENOTSUP` if
   * it refuses secondaries.
   */
  refresh(): void {
    const incarnation = this.#options.transport.primaryIncarnation();
    if (incarnation === this.#incarnation && !this.#isStarting) return;
    if (incarnation !== this.#incarnation) this.#onReplaced();
    this.#read(); // a failure leaves the old incarnation, so that the next call looks again
    this.#incarnation = incarnation;
  }

  /**
   * The same, unless that was just now. What is sent in between leaves from sockets that are connected to the primary
   * that was looked at, so it reaches no other; a new socket calls for `refresh`.
   */
  refreshIfOld(): void {
    const now = nowMs();
    if (now - this.#lookedAt < FRESH_MS && !this.#isStarting) return;
    this.refresh();
    this.#lookedAt = now;
  }

  /** Forgets what is known: the primary turned out to be gone. */
  invalidate(): void {
    this.#incarnation = undefined;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#onReplaced();
  }

  #read(): void {
    const { configPath, announce } = this.#options;
    const head = configPath === undefined ? undefined : readConfigHead(configPath);
    const alive = head?.lock !== undefined;
    this.#isStarting = alive && !head.complete;
    if (this.#fixed === undefined) this.#dialect = dialectIn(head);
    if (configPath !== undefined && announce && alive && head.complete) this.#announce(configPath);
  }

  #announce(configPath: string): void {
    try {
      if (enableMultiProcess(configPath) !== 'disabled') return;
    } catch (error) {
      // Messages need nothing of a memory layout that we don't know.
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
}

/**
 * For an endpoint that has just been connected to the primary: looks again who that is. A primary writes its release
 * before it binds its socket, so what is read now is not its predecessor's; what was read before may be.
 */
export function refreshFor(endpoint: Endpoint, link: PrimaryLink): void {
  try {
    link.refresh();
  } catch (error) {
    endpoint.close();
    throw error;
  }
}

/** What a primary speaks that says nothing about itself: a Node primary without shared memory. */
const DEFAULT_DIALECT = DIALECTS['332/8'];

/**
 * What the primary speaks beside this `config`. Without its owner's lock the file is a dead primary's, and tells nothing
 * about the one at the socket. Throws `EVERSION` for a release that isn't known.
 */
export function dialectIn(head: ConfigHead | undefined): Dialect {
  return head?.lock === undefined ? DEFAULT_DIALECT : dialectOf(head.versionWord);
}
