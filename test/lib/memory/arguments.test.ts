// Arguments of a primary's `memory` that are none.
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { expectError } from '../../support/mp-error.js';
import { StageScope } from '../../support/stage.js';

describe('memory of a primary', () => {
  const scope = new StageScope();

  it('refuses what is no zone, no name and no options with EINVAL', async () => {
    const { memory } = await scope.keep(
      openPrimary({ ...scope.stage.options, memory: { hugepages: 0, version: '24.11.0' } }),
    );
    expectError('EINVAL', () => memory.free('X' as never));
    expectError('EINVAL', () => memory.free(undefined as never));
    expectError('EINVAL', () => memory.reserve(5 as never, 64));
    expectError('EINVAL', () => memory.reserve('X', 64, null as never));
    expectError('EINVAL', () => memory.reserve('X', 0, { bound: '4096' as never }));
    expect(memory.memzones()).to.deep.equal([]);
  });
});
