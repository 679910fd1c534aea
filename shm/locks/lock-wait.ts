import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import * as libc from '../../sys/libc.js';
import { holdingSignals } from '../../sys/signal-guard.js';

/** Default time to wait for a lock: a C process whose memory grows holds its locks for 10,000 ms if a secondary is mute. */
export const LOCK_TIMEOUT_MS = 15_000;
/** Most sections are over within microseconds: so often a blocking wait looks again at once. */
export const POLLS = 1000;
const FIRST_SLEEP_MS = 1;
const LONGEST_SLEEP_MS = 16;

/** Paces the attempts at a lock that a C process holds: polls first, then growing sleeps, up to a deadline. */
export class LockWait {
  readonly #lock: string;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #deadline: number;
  #polls: number;
  #sleepMs = FIRST_SLEEP_MS;

  constructor(lock: string, path: string, timeoutMs: number, polls: number) {
    this.#lock = lock;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#polls = polls;
    this.#deadline = nowMs() + timeoutMs;
  }

  /** Milliseconds to sleep before the next attempt, 0 for none; `ETIMEDOUT` once there is no time left. */
  next(): number {
    if (this.#polls > 0) {
      this.#polls--;
      return 0;
    }
    const left = this.#deadline - nowMs();
    if (left <= 0) throw this.#timedOut();
    const sleepMs = Math.min(this.#sleepMs, Math.ceil(left));
    this.#sleepMs = Math.min(this.#sleepMs * 2, LONGEST_SLEEP_MS);
    return sleepMs;
  }

  #timedOut(): MpError {
    return new MpError(
      'ETIMEDOUT',
      `${this.#path}: ${this.#lock} was held or kept changing for ${this.#timeoutMs} ms: a primary whose memory grows waits up to 10 s for a mute secondary, so try again; if it never ends, a process died with the lock, and all processes of this file prefix must be restarted`,
      { path: this.#path },
    );
  }
}

/** Blocks the thread. */
export function sleep(ms: number): void {
  libc.poll(0, 0, Math.ceil(ms)); // nothing to do when a signal ends it early: the caller looks at its clock
}

/** A writer's waits are short in themselves: see `RwLock.tryWrite`. */
const ATTEMPTS = POLLS / 10;

export interface WriteLock {
  /** One attempt. */
  tryWrite(): boolean;
  releaseWrite(): void;
}

export interface WriteWaiting {
  /** Of the lock, and the file that it is in: for messages. */
  readonly name: string;
  readonly path: string;
  readonly timeoutMs: number;
  /** Blocks for up to `ms` while the lock is taken. It may throw to end the wait. */
  readonly whileWaiting?: ((ms: number) => void) | undefined;
}

/**
 * Runs `section` as the only one inside. The lock has no owner: whoever dies with it blocks every process for good. So
 * the section is synchronous and short, an exception releases the lock, and signals that would end the process wait
 * until it is released, but not while it is waited for. `ETIMEDOUT` where it stays taken.
 */
export function withWriteLock<T>(lock: WriteLock, waiting: WriteWaiting, section: () => T): T {
  const { name, path, timeoutMs, whileWaiting = sleep } = waiting;
  const attempt = () => tryWith(lock, section);
  const wait = new LockWait(name, path, timeoutMs, ATTEMPTS);
  for (;;) {
    const done = holdingSignals(attempt);
    if (done !== undefined) return done.result;
    const ms = wait.next();
    if (ms > 0) whileWaiting(ms);
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
