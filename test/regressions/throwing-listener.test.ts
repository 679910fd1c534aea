// What a listener threw, such as one that has every `'error'` end the process, came out of whatever call had let it run: a blocking
// request broke off in the middle, and kept its socket for as long as the channel was open.
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { openDescriptors } from '../support/descriptors.js';
import { expectError } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

describe('regression: a listener that throws', () => {
  const scope = new StageScope();
  afterEach(() => process.setUncaughtExceptionCaptureCallback(null));

  it('is for the process to catch, and breaks nothing off', async () => {
    const { stage } = scope;
    const primary = await scope.keep(openPrimary(stage.options));
    primary.registerAction('bad', () => {
      throw new RangeError('of the handler');
    });
    primary.on('error', (error) => {
      throw error;
    });
    const mute = stage.socket('mp_socket_1_a');
    mute.send(encodeMessage(primary.dialect, MpType.MSG, { name: 'bad' }), [], stage.primaryPath);
    const before = openDescriptors();
    const uncaught = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
    expectError('ETIMEDOUT', () => primary.requestSync({ name: 'ask' }, { timeoutMs: 20 }));
    expect(await uncaught).to.be.instanceOf(RangeError);
    expect(openDescriptors()).to.deep.equal(before);
  });
});
