// How much memory JavaScript has, and getting rid of what nobody uses.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

export function collectGarbage(): void {
  for (let i = 0; i < 3; i++) gc(); // what one round finalises, the next one frees
}

/** On V8's heap and beside it. */
export function heapBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external; // ArrayBuffers are part of external
}
