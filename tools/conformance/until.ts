import { nowMs } from '../../sys/clock.js';
import { CheckFailure } from './verdict.js';

const LOOK_EVERY_MS = 1;

/** Resolves once `condition` holds; fails the check with `seen` when that takes too long. */
export async function until(condition: () => boolean, seen: string, withinMs = 10_000): Promise<void> {
  const deadline = nowMs() + withinMs;
  while (!condition()) {
    if (nowMs() > deadline) throw new CheckFailure(seen);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
