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

  /** True once there is a slot for the caller, false if there was none within `timeoutMs`. */
  acquire(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const grant = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(grant);
        resolve(false);
      }, timeoutMs);
      this.#waiters.add(grant);
    });
  }

  /** Hands the slot to whoever has waited longest. */
  release(): void {
    for (const grant of this.#waiters) {
      this.#waiters.delete(grant);
      grant();
      return;
    }
    this.#free++;
  }
}
