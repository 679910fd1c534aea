// A directory that could not be listed for stale sockets failed the open with a bare error of node:fs.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { interposed } from '../faults/support/fault-plan.js';
import { StageScope } from '../support/stage.js';

describe('regression: stale sockets that can not be listed', () => {
  const scope = new StageScope();

  for (const code of ['EMFILE', 'EIO']) {
    it(`stay, and the channel opens (${code})`, async () => {
      const { options } = scope.stage;
      await interposed(
        (name) => (name === 'readdirSync' ? code : undefined),
        async () => {
          await scope.keep(openPrimary(options));
          const secondary = await scope.keep(openSecondary(options));
          expect(secondary.socketPath).to.match(/mp_socket_/);
        },
      );
    });
  }
});
