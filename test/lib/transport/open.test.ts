// What opening a channel does with failing system calls and with files that are in its way.

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { interposed } from '../../faults/support/fault-plan.js';
import { mpError } from '../../support/mp-error.js';
import { StageScope } from '../../support/stage.js';

describe('opening a channel', () => {
  const scope = new StageScope();

  // close(2) frees the descriptor even if it fails
  it('goes on when close of a descriptor fails', async () => {
    const failClose = (name: string) => (name === 'closeSync' ? 'EIO' : undefined);
    await interposed(failClose, async () => {
      const primary = await scope.keep(openPrimary(scope.stage.options));
      expect(primary.peers()).to.deep.equal([]);
    });
  });

  for (const code of ['EMFILE', 'EIO']) {
    it(`goes on when the stale sockets in its directory can't be listed (${code})`, async () => {
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

  it("rejects with EADDRINUSE when a regular file is at the primary's path, and leaves it there", async () => {
    const { options, primaryPath } = scope.stage;
    writeFileSync(primaryPath, 'precious');
    const error = await mpError(openPrimary(options));
    expect(error).to.include({ code: 'EADDRINUSE', path: primaryPath });
    expect(existsSync(primaryPath)).to.equal(true);
  });

  // opening a pipe for reading blocks until another process writes to it
  it('does not wait for a pipe in the place of config, and takes the default dialect', async () => {
    const { options, directory } = scope.stage;
    expect(spawnSync('mkfifo', [`${directory}/config`]).status).to.equal(0);
    const secondary = await scope.keep(openSecondary({ ...options, visibility: 'private' }));
    expect(secondary.dialect).to.equal('332/8');
  });
});
