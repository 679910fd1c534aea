/**
 * Milliseconds on a clock that no setting of the time changes, with its full resolution. Not `performance.now`, whose
 * module takes longer to load than a request takes.
 */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
