import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { sleep } from '../../sys/poll.js';
import { holdingSignals } from '../../sys/signal-guard.js';

/** Default time to wait for a lock: a C process whose memory grows holds its locks for 10,000 ms if a secondary is mute. */
export const LOCK_TIMEOUT_MS = 15_000;

/** How often a blocking wait looks again at once: most sections are over within microseconds. */
export const POLLS = 1000;
const FIRST_SLEEP_MS = 1;
const LONGEST_SLEEP_MS = 16;

/** Which lock to wait for, and how. */
export interface LockWaiting {
  /** Name of the lock in C, for messages. */
  readonly name: string;
  /** The file that the lock is in, for messages. */
  readonly path: string;
  readonly timeoutMs: number;
  /** Blocks for up to `ms` while another process has the lock; sleeps by default. May throw to end the wait. */
  readonly whileWaiting?: ((ms: number) => void) | undefined;
}

/** Paces the attempts at a lock that another process holds: polls first, then growing sleeps, up to a deadline. */
export class LockWait {
  readonly #waiting: LockWaiting;
  readonly #deadline: number;
  #polls: number;
  #sleepMs = FIRST_SLEEP_MS;

  constructor(waiting: LockWaiting, polls: number) {
    this.#waiting = waiting;
    this.#polls = polls;
    this.#deadline = nowMs() + waiting.timeoutMs;
  }

  /** Returns the milliseconds to sleep before the next attempt, 0 for none. Throws `ETIMEDOUT` at the deadline. */
  next(): number {
    if (this.#polls > 0) {
      this.#polls--;
      return 0;
    }
    const left = this.#deadline - nowMs();
    if (left <= 0) throw timedOut(this.#waiting);
    const sleepMs = Math.min(this.#sleepMs, Math.ceil(left));
    this.#sleepMs = Math.min(this.#sleepMs * 2, LONGEST_SLEEP_MS);
    return sleepMs;
  }

  /** Blocks until the next attempt; returns whether that took any time. */
  block(): boolean {
    const ms = this.next();
    if (ms === 0) return false;
    (this.#waiting.whileWaiting ?? sleep)(ms);
    return true;
  }
}

function timedOut({ name, path, timeoutMs }: LockWaiting): MpError {
  return new MpError(
    'ETIMEDOUT',
    `${path}: ${name} was held or kept changing for ${timeoutMs} ms. A primary whose memory grows waits up to 10 s for a mute secondary, so try again. If it never ends, a process died with the lock: restart all processes of this file prefix`,
    { path },
  );
}

/** A writer polls less often, because each of its attempts polls, too: see `RwLock.tryWrite`. */
const WRITE_ATTEMPTS = POLLS / 10;

export interface WriteLock {
  /** One attempt. */
  tryWrite(): boolean;
  releaseWrite(): void;
}

/**
 * Runs `section` with the lock held for writing. A lock has no owner: a process that dies with it blocks every other
 * process for good. So the section must be synchronous and short, an exception releases the lock, and signals that
 * would end the process wait until it is released (but not while this function waits for the lock). Throws `ETIMEDOUT`.
 */
export function withWriteLock<T>(lock: WriteLock, waiting: LockWaiting, section: () => T): T {
  const attempt = () => tryWith(lock, section);
  const wait = new LockWait(waiting, WRITE_ATTEMPTS);
  for (;;) {
    const done = holdingSignals(attempt);
    if (done !== undefined) return done.result;
    wait.block();
  }
}

function tryWith<T>(lock: WriteLock, section: () => T): { readonly result: T } | undefined {
  if (!lock.tryWrite()) return undefined;
  try {
    return { result: section() };
  } finally {
    lock.releaseWrite();
  }
}
