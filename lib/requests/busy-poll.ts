import { nowMs } from '../../sys/clock.js';

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

/** Something that may be over at the next look. */
export interface Polled {
  /** Looks; true once it is over. */
  look(): boolean;
  /** It has taken too long: called once, instead of further looks. */
  giveUp(): void;
}

/**
 * Looks once in each turn of the event loop, for a while, instead of sleeping until the kernel wakes it: the timers,
 * sockets and promises of the process get their turns in between.
 */
export class LoopPoll {
  readonly #micros: number;
  /** With the time of giving up. */
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
