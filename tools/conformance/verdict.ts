import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { textOf } from '../../sys/proc.js';

/** A check saw something else than it expects; the message is what was seen. */
export class CheckFailure extends MpError {
  constructor(seen: string) {
    super('ECONFORMANCE', seen);
  }
}

/** A check can't be run here; the message is why. */
export class CheckSkip extends MpError {
  constructor(why: string) {
    super('ESKIP', why);
  }
}

/** Fails the check with what was seen unless `condition` holds. */
export function expectThat(condition: boolean, seen: string): void {
  if (!condition) throw new CheckFailure(seen);
}

/** Fails the check unless both are the same as JSON. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new CheckFailure(`${what} is ${seen} instead of ${wanted}`);
}

/** Fails the check unless it took that long, or up to half a second more. */
export function expectTook(micros: number, millis: number): void {
  const isRight = micros >= millis * 1000 - 1000 && micros < (millis + 500) * 1000;
  expectThat(isRight, `it took ${micros} µs instead of ${millis} ms`);
}

const LOOK_EVERY_MS = 1;

/** Resolves once `condition` holds; fails the check with `seen` when that takes too long. */
export async function until(condition: () => boolean, seen: string, withinMs = 10_000): Promise<void> {
  const deadline = nowMs() + withinMs;
  while (!condition()) {
    if (nowMs() > deadline) throw new CheckFailure(seen);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** How many datagrams a Unix socket's queue holds. */
export function queueLength(): number {
  return Number(textOf('/proc/sys/net/unix/max_dgram_qlen') ?? 10) + 1;
}
