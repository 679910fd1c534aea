// Handlers whose promise never settles.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { openDescriptors } from '../../support/descriptors.js';
import { collectUntil } from '../../support/gc.js';
import { StageScope } from '../../support/stage.js';

describe('a handler that never settles', () => {
  const scope = new StageScope();

  it('has the descriptors of its message closed once the promise is garbage', async () => {
    const { options } = scope.stage;
    const before = openDescriptors().length;
    const primary = await openPrimary(options);
    const arrived = new Promise<void>((resolve) => {
      primary.registerAction('stuck', () => {
        resolve();
        return new Promise(() => {});
      });
    });
    const secondary = await openSecondary({ ...options, visibility: 'private' });
    await secondary.sendMessage({ name: 'stuck', fds: [0, 1] });
    await arrived;
    await secondary.close();
    await primary.close();
    await collectUntil(() => openDescriptors().length === before);
    expect(openDescriptors()).to.have.lengthOf(before);
  });
});
