// A pipe in the place of `config` was opened and waited for: the thread hung until somebody wrote to it.
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { openSecondary } from '../../lib/index.js';
import { StageScope } from '../support/stage.js';

describe('regression: a pipe in the place of config', () => {
  const scope = new StageScope();

  it('says nothing about a primary, and is not waited for', async () => {
    const { options, directory } = scope.stage;
    expect(spawnSync('mkfifo', [`${directory}/config`]).status).to.equal(0);
    const secondary = await scope.keep(openSecondary({ ...options, visibility: 'private' }));
    expect(secondary.dialect).to.equal('332/8');
  });
});
