import * as libc from './libc.js';

/**
 * Returns milliseconds of the monotonic clock, with its full resolution. Not `performance.now`: loading its module takes
 * longer than a request.
 */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Reads the cycle counter: `rdtsc`, on arm64 `cntvct_el0`. Node's OpenSSL has the only function that does so. */
let readCounter: ReturnType<typeof libc.findFunction>;
/** The function returns the lower half of the counter, which takes over a second to wrap. */
const WRAP = 2 ** 32;
const ATTEMPTS = 5;

interface Sample {
  readonly cycles: number;
  readonly ms: number;
}

/** Reads the counter and the clock as nearly at the same moment as possible; `undefined` where the counter can't be read. */
export function sampleCycles(): Sample | undefined {
  readCounter ??= libc.findFunction('uint32_t OPENSSL_rdtsc()');
  if (readCounter === undefined) return undefined;
  let best: Sample & { slack: number } = { cycles: 0, ms: 0, slack: Number.POSITIVE_INFINITY };
  for (let i = 0; i < ATTEMPTS; i++) {
    const before = nowMs();
    const cycles = readCounter();
    const after = nowMs();
    if (after - before < best.slack) best = { cycles, ms: (before + after) / 2, slack: after - before };
  }
  return best;
}

/** Returns the cycles per second between two samples that are less than a second apart. */
export function cyclesPerSecond(first: Sample, second: Sample): number {
  const cycles = (second.cycles - first.cycles + WRAP) % WRAP;
  return (cycles / (second.ms - first.ms)) * 1000;
}

/** Returns 64 random bits for names and ids. Not for secrets: they can be guessed. */
export function random64(): bigint {
  const half = () => BigInt(Math.floor(Math.random() * 2 ** 32));
  return (half() << 32n) | half();
}
