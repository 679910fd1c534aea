import { expect } from 'chai';
import { MpError } from '../../../protocol/errors.js';

/** Runs `action`, which must throw an `MpError` of this code, and returns it. */
export function expectError(code: string, action: () => unknown): MpError {
  let result: unknown;
  try {
    result = action();
  } catch (error) {
    if (!(error instanceof MpError)) throw error;
    expect(error.code, error.message).to.equal(code);
    return error;
  }
  throw new Error(`Expected ${code}, but it returned ${String(result)}.`);
}

export async function expectRejection(code: string, promise: Promise<unknown>): Promise<MpError> {
  const outcome = await promise.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  return expectError(code, outcome);
}
