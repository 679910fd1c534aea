import { nowMs } from '../../sys/clock.js';

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
