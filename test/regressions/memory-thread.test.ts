// The memory thread did not start in a program that Node had got with `--input-type`. Who closed an unreferenced channel waited
// for that thread, which nothing kept alive: the process ended in the middle, with status 13.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { REGISTER } from '../support/register.js';
import { StageScope } from '../support/stage.js';

const LIBRARY = new URL('../../lib/index.ts', import.meta.url).href;

describe('regression: a primary with a memory thread', () => {
  const scope = new StageScope();

  it('starts in a program without a file, and is waited for although the channel is unreferenced', () => {
    const memory = { hugepages: 0, version: '24.11.0', worker: true };
    const program = `
      import { openPrimary } from '${LIBRARY}';
      const channel = await openPrimary(${JSON.stringify({ ...scope.stage.options, memory })});
      channel.unref();
      await channel.close();
      console.log('closed');`;
    const args = ['--import', REGISTER, '--input-type=module', '--eval', program];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'closed\n' });
    expect(readdirSync(scope.stage.directory)).to.have.members(['config', 'hugepage_info']);
  });
});
