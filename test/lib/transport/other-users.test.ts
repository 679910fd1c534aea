// Runtime directories and primaries of other users.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { mpError, rejected } from '../../support/mp-error.js';
import { StageScope } from '../../support/stage.js';

const NOBODY = 65_534;

describe("another user's runtime directory", () => {
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

  // the directory's owner could take every request
  it('is refused with EACCES, also when it appears while a private channel is open', async () => {
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

describe("another user's primary", () => {
  const scope = new StageScope();

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  it('counts as alive when this user may not write to its socket, and keeps its socket', async () => {
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
