import * as libc from './libc.js';

/**
 * Milliseconds on a clock that no setting of the time changes, with its full resolution. Not `performance.now`, whose
 * module takes longer to load than a request takes.
 */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Node's OpenSSL has the one function of this process that reads the cycle counter: `rdtsc`, on arm64 `cntvct_el0`. */
let readCounter: ReturnType<typeof libc.findFunction>;
/** The lower half is enough: it takes over a second to wrap. */
const WRAP = 2 ** 32;
const ATTEMPTS = 5;

interface Sample {
  readonly cycles: number;
  readonly ms: number;
}

/** The counter and the clock at the same moment, as nearly as can be; `undefined` where the counter can't be read. */
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

/** Cycles a second between two samples that are less than a second apart. */
export function cyclesPerSecond(first: Sample, second: Sample): number {
  const cycles = (second.cycles - first.cycles + WRAP) % WRAP;
  return (cycles / (second.ms - first.ms)) * 1000;
}

const HALF = 2 ** 32;

/** 64 bits that differ from all others: for names and ids, which nobody gains from guessing. */
export function random64(): bigint {
  const half = () => BigInt(Math.floor(Math.random() * HALF));
  return (half() << 32n) | half();
}
