import { expect } from 'chai';
import { MpError } from '../../../lib/index.js';

/** The MpError of this code that `promise` rejects with; the test fails when it doesn't. */
export async function rejected(code: string, promise: Promise<unknown>): Promise<MpError> {
  const error: unknown = await promise.then(
    (value) => `resolved with ${String(value)}`,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(MpError);
  expect(error).to.have.property('code', code);
  return error as MpError;
}
