// A listener that closed a primary because of the warning that a secondary is of another build did so in the middle of that one's
// request for memory: pages were made, and mapped, where the memory had just been given up.
import { truncateSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { interposed } from '../faults/support/fault-plan.js';
import { growthRequest } from '../shm/primary/support/growth-request.js';
import { MIB } from '../shm/primary/support/stage.js';
import { liveLock } from '../shm/support/live-lock.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { StageScope } from '../support/stage.js';

describe('regression: a primary that is closed because of a warning', () => {
  const scope = new StageScope();
  before('hugepages', async function () {
    await needsDpdk(this, { hugepages: 8 });
  });

  it('makes no more memory', async () => {
    const { stage } = scope;
    const memory = { hugepages: 1, version: '24.11.0' };
    const primary = await scope.keep(openPrimary({ ...stage.options, memory }));
    const { hugepageSize } = primary.memory.reserve('ANY', 64);
    const undo: (() => unknown)[] = [];
    liveLock({ defer: (step) => undo.push(step) }, stage.directory, 'memoryHotplugLock').lock.tryWrite();
    truncateSync(`${stage.directory}/hugepage_info`, 12_900); // as a secondary for fewer NUMA nodes does
    let isClosed = false;
    const steps: string[] = [];
    await interposed(
      (name) => {
        if (isClosed) steps.push(name);
        return undefined;
      },
      async () => {
        const closed = new Promise<void>((resolve) => {
          primary.once('warning', () => {
            void primary.close().then(resolve);
            isClosed = true;
          });
        });
        const param = growthRequest(hugepageSize, 9 * MIB);
        const request = encodeMessage(primary.dialect, MpType.MSG, { name: 'mp_malloc_request', param });
        stage.socket('secondary').send(request, [], stage.primaryPath);
        await closed;
      },
    );
    for (const step of undo) step();
    expect(steps).not.to.include('mmap');
  });
});
