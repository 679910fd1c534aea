import { nowMs } from '../../sys/clock.js';

/** An answer later than this many times the budget takes too long to spin for. */
const TOO_LATE = 4;
/** How many names of slow actions are remembered. */
const MAX_SLOW_NAMES = 256;

/**
 * How long `requestSync` spins for an answer, by how long its action took the last time. Spinning for an answer that takes
 * milliseconds would cost processor time and gain nothing.
 */
export class SpinBudget {
  readonly #micros: number;
  readonly #slow = new Set<string>();

  constructor(micros: number) {
    this.#micros = micros;
  }

  /** Returns the microseconds to spin for an answer to `name`; 0: sleep at once. */
  for(name: string): number {
    return this.#slow.has(name) ? 0 : this.#micros;
  }

  /** Remembers how many milliseconds the answer to `name` took. */
  learn(name: string, ms: number): void {
    if (ms * 1000 <= this.#micros * TOO_LATE) {
      this.#slow.delete(name);
      return;
    }
    if (this.#slow.size >= MAX_SLOW_NAMES) this.#slow.clear();
    this.#slow.add(name);
  }
}

interface Polled {
  /** Looks for the answer; returns true once there is nothing more to look for. */
  look(): boolean;
  /** Called once when the time is over, instead of further looks. */
  giveUp(): void;
}

/**
 * Looks for the answers to `request` once in each turn of the event loop, for a while, instead of letting the loop sleep
 * until the kernel wakes it. The timers, sockets and promises of the process get their turns in between.
 */
export class LoopPoll {
  readonly #micros: number;
  /** When each one gives up, on the clock of {@link nowMs}. */
  readonly #polled = new Map<Polled, number>();

  constructor(micros: number) {
    this.#micros = micros;
  }

  add(polled: Polled): void {
    this.#polled.set(polled, nowMs() + this.#micros / 1000);
    if (this.#polled.size === 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const now = nowMs();
    try {
      for (const [polled, end] of this.#polled) {
        const isOver = polled.look();
        if (!isOver && now < end) continue;
        this.#polled.delete(polled);
        if (!isOver) polled.giveUp();
      }
    } finally {
      if (this.#polled.size > 0) setImmediate(this.#turn);
    }
  };
}
