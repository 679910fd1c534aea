// Zones of a primary whose pages are below a directory with a name in another script than ASCII couldn't be mapped.
import { mkdirSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { attachMemory } from '../../shm/index.js';
import { StageScope } from '../support/stage.js';

describe('regression: a page directory with a name that is not ASCII', () => {
  const scope = new StageScope();

  it('is where the pages are', async () => {
    const hugeDir = `${scope.stage.runtimeDir}/Jürgens Gedächtnis 内存`;
    mkdirSync(hugeDir);
    const { options } = scope.stage;
    const memory = { hugepages: 0, hugeDir, version: '24.11.0' };
    const primary = await scope.keep(openPrimary({ ...options, memory }));
    primary.memory.reserve('ZONE', 64).bytes.fill(7);
    using attached = attachMemory(options);
    expect(attached.lookup('ZONE')?.bytes[63]).to.equal(7);
  });
});
