// Collects garbage, and measures how much memory JavaScript uses.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

export function collectGarbage(): void {
  for (let i = 0; i < 3; i++) gc(); // one round finalises objects, the next one frees them
}

/** Returns the bytes on V8's heap and outside it. */
export function heapBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external; // ArrayBuffers are part of external
}
