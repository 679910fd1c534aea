// A runtime directory below /tmp that another user had made was used, also by root: its owner could take every request.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openSecondary } from '../../lib/index.js';
import { mpError } from '../support/mp-error.js';

const NOBODY = 65534;

describe("regression: another user's runtime directory", () => {
  let parent: string;
  let runtimeDir: string;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'mp-'));
    chmodSync(parent, 0o1777);
    runtimeDir = `${parent}/dpdk`;
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  it('a directory that another user puts there while a private channel is open is not used', async () => {
    const secondary = await openSecondary({ runtimeDir, filePrefix: 'rte', visibility: 'private' });
    try {
      mkdirSync(`${runtimeDir}/rte`, { recursive: true });
      chownSync(runtimeDir, NOBODY, NOBODY);
      expect((await mpError(secondary.request({ name: 'secret' }))).code).to.equal('EACCES');
    } finally {
      await secondary.close();
    }
  });
});
