// The memory thread did not start in a program that Node had got with `--input-type`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { StageScope } from '../channel/stage.js';
import { REGISTER } from '../support/register.js';

const LIBRARY = new URL('../../lib/index.ts', import.meta.url).href;

describe('regression: a primary with a memory thread', () => {
  const scope = new StageScope();

  /** Runs a program that does this with its `channel`. */
  function run(statements: string) {
    const memory = { hugepages: 0, version: '24.11.0', worker: true };
    const program = `
      import { openPrimary } from '${LIBRARY}';
      const channel = await openPrimary(${JSON.stringify({ ...scope.stage.options, memory })});
      ${statements}`;
    const args = ['--import', REGISTER, '--input-type=module', '--eval', program];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stdout, left: readdirSync(scope.stage.directory) };
  }

  const CLOSED = { status: 0, stdout: 'closed\n', left: ['config', 'hugepage_info'] };

  it('opens in a program without a file', () => {
    expect(run("await channel.close(); console.log('closed');")).to.deep.equal(CLOSED);
  });
});
