import { listenForAbort } from '../abort.js';

/** A counting semaphore whose waiters give up at a deadline: it bounds how many sockets requests use at a time. */
export class Slots {
  #free: number;
  readonly #waiters = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot now, if one is free. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** True once there is a slot for the caller, false if there was none within `timeoutMs` or until the abort. */
  acquire(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isGranted: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiters.delete(grant);
        resolve(isGranted);
      };
      const grant = () => settle(true);
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, timeoutMs);
      if (signal !== undefined) listenForAbort(signal, giveUp);
      this.#waiters.add(grant);
    });
  }

  /** Hands the slot to whoever has waited longest. */
  release(): void {
    for (const grant of this.#waiters) {
      grant();
      return;
    }
    this.#free++;
  }
}
