// The end of a primary whose runtime directory somebody had removed was a bare ENOENT.
import { existsSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { StageScope } from '../channel/stage.js';

describe('regression: a primary whose runtime directory was removed', () => {
  const scope = new StageScope();

  it('ends all the same', async () => {
    const { options, directory } = scope.stage;
    const memory = { hugepages: 0, version: '24.11.0' };
    const primary = await scope.keep(openPrimary({ ...options, memory }));
    rmSync(directory, { recursive: true });
    await primary.close();
    expect(existsSync(directory)).to.equal(false);
  });
});
