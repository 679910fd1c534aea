import { holdingSignals } from '../../sys/signal-guard.js';
import { LockWait, POLLS, sleep } from './lock-wait.js';

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
