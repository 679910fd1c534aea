// A page file that the primary removed and made again while we looked was taken for one of --huge-unlink (ENOTSUP).
import { expect } from 'chai';
import { attachMemory } from '../../shm/index.js';
import { interposed } from '../faults/support/fault-plan.js';
import { LIST_BASE } from '../shm/support/image.js';
import { makeRuntime, pretendAlive } from '../shm/support/runtime.js';
import { expectError } from '../support/mp-error.js';

describe('regression: a page file that is not there for a moment', () => {
  it('is looked for again', async () => {
    const runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE, len: 64 }], pages: [0] });
    const release = pretendAlive(runtime);
    const { runtimeDir, filePrefix, hugeDir } = runtime;
    const memory = attachMemory({ runtimeDir, filePrefix, hugeDir });
    memory.memsegs(); // opens all else
    let [opened, length] = [0, 0];
    await interposed(
      (name) => (name === 'openSync' && opened++ < 2 ? 'ENOENT' : undefined),
      () => {
        length = memory.lookup('ONE')?.bytes.length ?? 0;
      },
    );
    memory.detach();
    release();
    runtime.remove();
    expect({ opened, length }).to.deep.equal({ opened: 3, length: 64 });
  });

  it('is not looked for again where its directory is not there', async () => {
    const runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE, len: 64 }], pages: [0] });
    const release = pretendAlive(runtime);
    const { runtimeDir, filePrefix, hugeDir } = runtime;
    const memory = attachMemory({ runtimeDir, filePrefix, hugeDir: `${hugeDir}-elsewhere` });
    memory.memsegs(); // opens all else
    let opened = 0;
    await interposed(
      (name) => {
        if (name === 'openSync') opened++;
        return undefined;
      },
      () => {
        expectError('ENOTSUP', () => memory.lookup('ONE')?.bytes);
      },
    );
    memory.detach();
    release();
    runtime.remove();
    expect(opened).to.equal(1);
  });
});
