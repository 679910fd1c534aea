import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { textOf } from '../../sys/proc.js';
import type { DriverLine } from './subject.js';

/** A check saw something other than what it expects; the message says what it saw. */
export class CheckFailure extends MpError {
  constructor(seen: string) {
    super('ECONFORMANCE', seen);
  }
}

/** A check can't run here; the message says why. */
export class CheckSkip extends MpError {
  constructor(why: string) {
    super('ESKIP', why);
  }
}

/** Fails the check with `seen` unless `condition` holds. */
export function expectThat(condition: boolean, seen: string): void {
  if (!condition) throw new CheckFailure(seen);
}

/** Fails the check unless both values have the same JSON. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new CheckFailure(`${what} is ${seen} instead of ${wanted}`);
}

/** Fails the check unless these fields of a driver's line have these values. */
export function expectFields(line: DriverLine, fields: Readonly<Record<string, string | number>>): void {
  const wanted = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));
  const seen = Object.fromEntries(Object.keys(fields).map((key) => [key, line.fields[key]]));
  expectEqual(seen, wanted, `'${line.event}'`);
}

/** Fails the check unless the line says that a call returned -1 with this errno. */
export function expectErrno(line: DriverLine, errno: string): void {
  expectFields(line, { ret: -1, errno });
}

/** Fails the check unless a call took `millis`, or up to half a second more. */
export function expectTook(micros: number, millis: number): void {
  const isRight = micros >= millis * 1000 - 1000 && micros < (millis + 500) * 1000;
  expectThat(isRight, `it took ${micros} µs instead of ${millis} ms`);
}

const POLL_MS = 1;

/** Waits until `condition` holds; fails the check with `seen` when that takes too long. */
export async function until(condition: () => boolean, seen: string, withinMs = 10_000): Promise<void> {
  const deadline = nowMs() + withinMs;
  while (!condition()) {
    if (nowMs() > deadline) throw new CheckFailure(seen);
    await pause(POLL_MS);
  }
}

/** Seconds that have passed since `start`, rounded. */
export function secondsSince(start: number): number {
  return Math.round((nowMs() - start) / 1000);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How many datagrams the queue of a Unix socket holds. */
export function queueLength(): number {
  return Number(textOf('/proc/sys/net/unix/max_dgram_qlen') ?? 10) + 1;
}
