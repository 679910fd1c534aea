// A primary's socket that its starter may not write to counted as a dead one's: in a directory that users share, one removed the
// socket of another's living primary.
import { chmodSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../lib/index.js';
import { rejected } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

const NOBODY = 65_534;

describe("regression: another user's primary", () => {
  const scope = new StageScope();

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  it('is alive, whoever may write to its socket', async () => {
    const { stage } = scope;
    const first = await scope.keep(openPrimary(stage.options));
    first.registerAction('ask', () => ({ param: 'alive' }));
    chmodSync(stage.runtimeDir, 0o755);
    chmodSync(stage.directory, 0o777);
    chmodSync(stage.primaryPath, 0o755);
    process.seteuid?.(NOBODY);
    try {
      await rejected('EADDRINUSE', scope.keep(openPrimary(stage.options)));
    } finally {
      process.seteuid?.(0);
    }
    const secondary = await scope.keep(openSecondary({ ...stage.options, visibility: 'private' }));
    expect((await secondary.request({ name: 'ask' })).msgs[0]?.text()).to.equal('alive');
  });
});
