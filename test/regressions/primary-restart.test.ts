// A primary that was killed keeps its hugepages until its files are removed: its successor counted what was free before it had
// removed them, and was refused with ENOMEM.
import { expect } from 'chai';
import { primaryStage } from '../shm/primary/support/stage.js';
import { freeHugepages } from '../support/dpdk/hugepages.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';

describe('regression: a primary after one that was killed', () => {
  const stage = primaryStage('again');

  before(async function () {
    await needsDpdk(this, { hugepages: 8 });
  });

  it('has the hugepages of the dead one, also if no more are left', async () => {
    const most = Math.floor(freeHugepages() / 2) + 1;
    const child = await stage().process(false, most);
    child.kill('SIGKILL');
    await child.exited;
    expect(freeHugepages()).to.be.below(most);
    await stage().primary({ hugepages: most });
  });
});
