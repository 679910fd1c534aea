// What `npm run fuzz`, `npm run soak` and `npm run test:faults` share: options, a line with the progress, a last line with the
// result, and an exit status.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

const PROGRESS_MS = 200;
/** Interval of progress lines in a log. */
const LOG_MS = 30_000;

/** Options of the form `--name NUMBER`, with their defaults. */
export function numbersFrom<T extends Readonly<Record<string, number>>>(defaults: T): T {
  const options = Object.fromEntries(
    Object.keys(defaults).map((name) => [name, { type: 'string' as const }]),
  );
  const { values } = parseArgs({ options });
  const numbers = Object.entries(defaults).map(([name, otherwise]) => [
    name,
    numberOf(name, values[name], otherwise),
  ]);
  return Object.fromEntries(numbers) as T;
}

function numberOf(name: string, given: string | boolean | undefined, otherwise: number): number {
  const number = given === undefined ? otherwise : Number(given);
  if (Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} is '${given}': give a number`);
  process.exit(2);
}

/** Prints the progress of a long run: in one line of a terminal, or in lines of a log from time to time. */
export class Progress {
  readonly #began = performance.now();
  #last = performance.now();

  update(text: () => string): void {
    const now = performance.now();
    const isTerminal = process.stderr.isTTY === true;
    if (now - this.#last < (isTerminal ? PROGRESS_MS : LOG_MS)) return;
    this.#last = now;
    process.stderr.write(isTerminal ? `\r\x1b[K${text()}` : `${text()}\n`);
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  clear(): void {
    if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[K');
  }
}

/** What a run holds, which must not grow. */
export interface Holdings {
  readonly descriptors: number;
  readonly residentBytes: number;
}

/** Measures after garbage collection (with node --expose-gc). */
export async function holdings(): Promise<Holdings> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  return { descriptors: readdirSync('/proc/self/fd').length, residentBytes: process.memoryUsage.rss() };
}

/** Runs `main`, and prints its summary as the last line. An exception ends the process with status 1. */
export async function longRun(name: string, main: (progress: Progress) => Promise<string>): Promise<void> {
  const progress = new Progress();
  try {
    const summary = await main(progress);
    progress.clear();
    console.log(`${name}: ${summary}, ${progress.seconds.toFixed(1)} s: passed`);
  } catch (error) {
    progress.clear();
    console.error(error);
    console.log(`${name}: FAILED after ${progress.seconds.toFixed(1)} s`);
    process.exitCode = 1;
  }
}
