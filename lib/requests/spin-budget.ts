/** An answer that took this many times the budget is no work of microseconds: spinning for the next one is in vain. */
const TOO_LATE = 4;
/** Names of slow actions that are remembered. */
const MOST_NAMES = 256;

/**
 * How long to spin for an answer, by what its action took the last time: spinning for one that takes milliseconds would
 * cost processor time and gain nothing.
 */
export class SpinBudget {
  readonly #micros: number;
  readonly #slow = new Set<string>();

  constructor(micros: number) {
    this.#micros = micros;
  }

  /** Microseconds for a request of this name; 0: sleep at once. */
  for(name: string): number {
    return this.#slow.has(name) ? 0 : this.#micros;
  }

  /** Tells how long the answer took, in milliseconds. */
  learn(name: string, ms: number): void {
    if (ms * 1000 <= this.#micros * TOO_LATE) {
      this.#slow.delete(name);
      return;
    }
    if (this.#slow.size >= MOST_NAMES) this.#slow.clear();
    this.#slow.add(name);
  }
}
