// An error of close(2), which frees the descriptor all the same, was thrown raw in the middle of opening: the socket and
// its file stayed behind, and so did the other files of an attachment.
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { attachMemory } from '../../shm/index.js';
import { interposed } from '../faults/support/fault-plan.js';
import { makeRuntime, pretendAlive } from '../shm/support/runtime.js';
import { openDescriptors } from '../support/descriptors.js';
import { StageScope } from '../support/stage.js';

const failClose = (name: string) => (name === 'closeSync' ? 'EIO' : undefined);

describe('regression: an error of close', () => {
  const scope = new StageScope();

  it('does not keep a channel from opening', async () => {
    await interposed(failClose, async () => {
      const primary = await scope.keep(openPrimary(scope.stage.options));
      expect(primary.peers()).to.deep.equal([]);
    });
  });

  it('does not keep the rest of an attachment open', async () => {
    const runtime = makeRuntime();
    const release = pretendAlive(runtime);
    const before = openDescriptors();
    try {
      await interposed(failClose, () => {
        const { runtimeDir, filePrefix } = runtime;
        attachMemory({ runtimeDir, filePrefix, lock: false }).detach();
      });
      expect(openDescriptors()).to.deep.equal(before);
    } finally {
      release();
      runtime.remove();
    }
  });
});
