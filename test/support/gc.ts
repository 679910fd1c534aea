// Garbage collection on demand, including the callbacks of FinalizationRegistry.
import { setImmediate as tick } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const MAX_ROUNDS = 50;

/** Collects garbage until `done`, at most MAX_ROUNDS times. */
export async function collectUntil(done: () => boolean): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS && !done(); round++) {
    gc();
    await tick();
  }
}
