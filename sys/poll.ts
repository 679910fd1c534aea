import { EINTR } from './errors.js';
import * as libc from './libc.js';

// poll.h
const POLLIN = 1;
const POLLOUT = 4;
const ENTRY = 8; // sizeof(struct pollfd)
const MAX_ENTRIES = 16;

const memory = new ArrayBuffer(ENTRY * MAX_ENTRIES);
const entries = new DataView(memory);
let address: number | undefined;

/** Whether a socket has something to read now; for a pidfd, whether its process has ended. */
export function isReadable(fd: number): boolean {
  entries.setInt32(0, fd, true);
  entries.setInt16(4, POLLIN, true);
  address ??= libc.addressOf(memory);
  return libc.poll(address, 1, 0) > 0;
}

/**
 * Blocks the thread until one of `readable` has something to read, `writable` can be written, or `timeoutMs` (rounded
 * up) has passed. May return early, after a signal: the caller looks at its clock. 0 or `-errno`.
 */
export function waitForSockets(
  readable: readonly number[],
  writable: number | undefined,
  timeoutMs: number,
): number {
  let count = 0;
  const add = (fd: number, events: number) => {
    entries.setInt32(count * ENTRY, fd, true);
    entries.setInt16(count * ENTRY + 4, events, true);
    count++;
  };
  for (const fd of readable) add(fd, POLLIN);
  if (writable !== undefined) add(writable, POLLOUT);
  address ??= libc.addressOf(memory);
  const result = libc.poll(address, count, Math.max(0, Math.ceil(timeoutMs)));
  return result === -EINTR ? 0 : Math.min(result, 0);
}

/** Blocks the thread for up to `ms`: a signal ends it early, so the caller looks at its clock. */
export function sleep(ms: number): void {
  libc.poll(0, 0, Math.ceil(ms));
}
