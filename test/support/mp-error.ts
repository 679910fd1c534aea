// The errors that a test expects.
import { expect } from 'chai';
import { MpError } from '../../protocol/errors.js';

/** The `MpError` that `action` throws; another exception, or none, fails the test. */
export function thrown(action: () => unknown): MpError {
  let value: unknown;
  try {
    value = action();
  } catch (error) {
    if (error instanceof MpError) return error;
    throw error;
  }
  throw new TypeError(`Expected an MpError, but it returned ${String(value)}.`);
}

/** The `MpError` of this code that `action` throws. */
export function expectError(code: string, action: () => unknown): MpError {
  return ofCode(code, thrown(action));
}

/** The `MpError` that a promise rejects with, or that a function throws. */
export async function mpError(attempt: Promise<unknown> | (() => unknown)): Promise<MpError> {
  let value: unknown;
  try {
    value = await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    return thrown(() => {
      throw error;
    });
  }
  return thrown(() => value);
}

/** The `MpError` of this code that `promise` rejects with. */
export async function rejected(code: string, promise: Promise<unknown>): Promise<MpError> {
  return ofCode(code, await mpError(promise));
}

function ofCode(code: string, error: MpError): MpError {
  expect(error.code, error.message).to.equal(code);
  return error;
}
