// A primary with memory whose runtime directory somebody had removed could not be closed: `close` rejected with a bare error, and its
// socket stayed open, which kept the process alive.
import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { interposed } from '../faults/support/fault-plan.js';
import { openDescriptors } from '../support/descriptors.js';
import { StageScope } from '../support/stage.js';

describe('regression: a runtime directory that is removed', () => {
  const scope = new StageScope();

  for (const worker of [false, true]) {
    it(`does not keep a primary with memory from closing, ${worker ? 'with' : 'without'} a worker`, async () => {
      const { stage } = scope;
      const before = openDescriptors();
      const memory = { hugepages: 0, version: '24.11.0', worker };
      const primary = await openPrimary({ ...stage.options, memory });
      rmSync(stage.directory, { recursive: true });
      await primary.close();
      expect(openDescriptors()).to.deep.equal(before);
    });
  }

  for (const worker of [false, true]) {
    it(`nor do files that can not be looked at keep its socket open, ${worker ? 'with' : 'without'} a worker`, async () => {
      const before = openDescriptors();
      const memory = { hugepages: 0, version: '24.11.0', worker };
      const primary = await openPrimary({ ...scope.stage.options, memory });
      await interposed(
        (name) => (name === 'readdirSync' ? 'EIO' : undefined),
        async () => {
          const failed = await primary.close().then(
            () => undefined,
            (error: NodeJS.ErrnoException) => error.code,
          );
          expect(failed).to.equal('EIO');
        },
      );
      expect(openDescriptors()).to.deep.equal(before);
    });
  }
});
