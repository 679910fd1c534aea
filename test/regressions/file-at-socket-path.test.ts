// Whatever lay at the path of the primary's socket was removed by the next primary, a regular file, too.
import { existsSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { mpError } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

describe('regression: a file at the path of the primary', () => {
  const scope = new StageScope();

  it('is not removed: EADDRINUSE names it', async () => {
    const { options, primaryPath } = scope.stage;
    writeFileSync(primaryPath, 'precious');
    const error = await mpError(openPrimary(options));
    expect(error).to.include({ code: 'EADDRINUSE', path: primaryPath });
    expect(existsSync(primaryPath)).to.equal(true);
  });
});
