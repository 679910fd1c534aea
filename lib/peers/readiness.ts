import { setTimeout as sleep } from 'node:timers/promises';
import type { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { ECONNREFUSED, ENOENT } from '../../sys/errors.js';
import { assertNotAborted } from '../abort.js';
import { closedError, MpTimeoutError } from '../errors.js';
import { Reply } from '../messages/message.js';
import type { Releasable, Transport } from '../transport/transport.js';
import type { PrimaryLink } from './primary-link.js';

/** How often to look again for a lock or a primary that is not ready. */
const RETRY_MS = 5;

/**
 * Whether there is anything to send to right now. A secondary waits for a primary that is still starting, as C does; a
 * primary waits for secondaries that are, and keeps others from starting while it broadcasts.
 */
export class Readiness {
  readonly #transport: Transport;
  readonly #link: PrimaryLink;
  readonly #role: 'primary' | 'secondary';
  #closed = false;

  constructor(transport: Transport, link: PrimaryLink, role: 'primary' | 'secondary') {
    this.#transport = transport;
    this.#link = link;
    this.#role = role;
  }

  close(): void {
    this.#closed = true;
  }

  /** Resolves to what has to be released once everything is sent. */
  async wait(deadline: number, signal: AbortSignal | undefined): Promise<Releasable> {
    for (;;) {
      assertNotAborted(signal);
      const ready = this.tryNow();
      if (ready !== undefined) return ready;
      if (nowMs() >= deadline) throw this.#notReady();
      await sleep(RETRY_MS);
    }
  }

  /** The same, blocking the thread; `serve` is called in between. */
  waitBlocking(deadline: number, serve: () => void): Releasable {
    for (;;) {
      const ready = this.tryNow();
      if (ready !== undefined) return ready;
      if (nowMs() >= deadline) throw this.#notReady();
      this.#transport.wait([], undefined, RETRY_MS);
      serve();
    }
  }

  /** `undefined`: not yet. Throws when the channel is closed or the primary speaks nothing that we know. */
  tryNow(): Releasable | undefined {
    if (this.#closed) throw closedError();
    if (this.#role === 'primary') return this.#transport.lockSecondaries();
    this.#link.refreshIfOld();
    return this.#link.isStarting ? undefined : NOTHING_HELD;
  }

  #notReady(): MpError {
    const { primaryPath } = this.#transport;
    const message =
      this.#role === 'secondary'
        ? `The primary at ${primaryPath} is still starting: wait for it, or give a longer timeoutMs`
        : 'Another process of this prefix is starting and locks the runtime directory: try again, or give a longer timeoutMs';
    return new MpTimeoutError(message, primaryPath, new Reply(0, []));
  }
}

const NOTHING_HELD: Releasable = { release() {} };

/**
 * Whether a send of a primary failed because the secondary is dead or has just left, which is no failure: there is
 * nobody to reach. A dead one's name is removed, as C does.
 */
export function isSecondaryGone(transport: Transport, path: string, result: number): boolean {
  if (result === -ECONNREFUSED) transport.forgetSecondary(path);
  return result === -ECONNREFUSED || (result === -ENOENT && !transport.exists(path));
}
