import { MpError } from '../../lib/index.js';

/** The `MpError` that a promise rejects with, or that a function throws; fails the test on anything else. */
export async function mpError(attempt: Promise<unknown> | (() => unknown)): Promise<MpError> {
  let value: unknown;
  try {
    value = await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    if (error instanceof MpError) return error;
    throw error;
  }
  throw new TypeError(`expected an MpError, got ${String(value)}`);
}
