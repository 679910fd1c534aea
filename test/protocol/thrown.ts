import { expect } from 'chai';
import { MpError } from '../../protocol/index.js';

/** The MpError that `action` throws; the test fails when it throws none. */
export function thrown(action: () => unknown): MpError {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(MpError);
    return error as MpError;
  }
  throw new Error('nothing was thrown');
}
