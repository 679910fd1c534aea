import { DIALECTS, type Dialect, type DialectId, dialectOf } from '../protocol/dialect.js';
import { type ConfigHead, readConfigHead } from './sys/config-head.js';
import { fileError } from './system-error.js';
import type { Transport } from './transport.js';

/** What a primary speaks that says nothing about itself: a Node primary without shared memory. */
export const DEFAULT_DIALECT = DIALECTS['332/8'];

/**
 * Which wire dialect to use. It is looked up again whenever another process has become the primary: a datagram of the
 * wrong length would end the IPC thread of a C process.
 */
export class PrimaryLink {
  readonly #transport: Transport;
  readonly #configPath: string | undefined;
  readonly #fixed: Dialect | undefined;
  #dialect: Dialect;
  #incarnation: string | undefined;
  #isStarting = false;
  #onReplaced: () => void = () => {};

  /** @param configPath the primary's `config`; `undefined` where there is none to look at */
  constructor(transport: Transport, configPath: string | undefined, dialect: DialectId | 'auto') {
    this.#transport = transport;
    this.#configPath = configPath;
    this.#fixed = dialect === 'auto' ? undefined : DIALECTS[dialect];
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

  /** Looks whether the primary is still the one it was; throws `EVERSION` if it speaks nothing that we know. */
  refresh(): void {
    const incarnation = this.#transport.primaryIncarnation();
    if (incarnation === this.#incarnation && !this.#isStarting) return;
    if (incarnation !== this.#incarnation) this.#onReplaced();
    this.#read(); // a failure leaves the old incarnation, so that the next call looks again
    this.#incarnation = incarnation;
  }

  /** Forgets what is known: the primary turned out to be gone. */
  invalidate(): void {
    this.#incarnation = undefined;
    this.#onReplaced();
  }

  #read(): void {
    const head = this.#configHead();
    // Without its owner's lock the file is a dead primary's, and tells nothing about the one at the socket.
    const alive = head?.lock !== undefined;
    this.#isStarting = alive && !head.complete;
    if (this.#fixed === undefined) this.#dialect = alive ? dialectOf(head.versionWord) : DEFAULT_DIALECT;
  }

  #configHead(): ConfigHead | undefined {
    if (this.#configPath === undefined) return undefined;
    try {
      return readConfigHead(this.#configPath);
    } catch (error) {
      throw fileError(
        error,
        this.#configPath,
        'Run as the same user as the primary, or give the option dialect',
      );
    }
  }
}
