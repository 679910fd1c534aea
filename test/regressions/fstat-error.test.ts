// fstat(2) of a shared file failed with a bare error of node:fs instead of one of ours.
import { expect } from 'chai';
import { MpError } from '../../lib/index.js';
import { attachMemory } from '../../shm/index.js';
import { interposed } from '../faults/support/fault-plan.js';
import { makeRuntime, pretendAlive } from '../shm/support/runtime.js';

describe('regression: fstat of a shared file fails', () => {
  it('with an error that names the file', async () => {
    const runtime = makeRuntime();
    const release = pretendAlive(runtime);
    const { runtimeDir, filePrefix } = runtime;
    let thrown: unknown;
    try {
      await interposed(
        (name) => (name === 'fstatSync' ? 'EIO' : undefined),
        () => attachMemory({ runtimeDir, filePrefix }).detach(),
      );
    } catch (error) {
      thrown = error;
    } finally {
      release();
      runtime.remove();
    }
    expect(thrown).to.be.instanceOf(MpError);
    expect(thrown).to.include({ code: 'EIO', path: `${runtime.path}/config` });
  });
});
