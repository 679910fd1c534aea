// Runtime directories and primaries of other users.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { DIALECTS } from '../../../protocol/index.js';
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

describe('senders and files of another user', () => {
  const scope = new StageScope();

  it('are untrusted in the abstract namespace, except root and our own user', async function () {
    if (process.getuid?.() !== 0) {
      console.log('      pending: needs root, to send as another user');
      this.skip();
    }
    const primary = await scope.keep(openPrimary({ ...scope.stage.options, socketNamespace: 'abstract' }));
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    const address = `\0${scope.stage.primaryPath}`;
    const script =
      `import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); ` +
      `s.sendto(b'\\0' * ${DIALECTS['332/8'].wireLength}, '\\0' + ${JSON.stringify(address.slice(1))})`;
    const { status, stderr } = spawnSync('python3', ['-c', script], { uid: 65534, encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
    const secondary = await scope.keep(
      openSecondary({ ...scope.stage.options, socketNamespace: 'abstract' }),
    );
    await secondary.request({ name: 'echo' });
    expect(primary.stats.dropped.untrusted).to.equal(1);
  });

  it('do not keep a channel from closing whose files it can not see any more', async () => {
    const channel = await openSecondary(scope.stage.options);
    const fds = () =>
      readdirSync('/proc/self/fd')
        .map((fd) => {
          try {
            return readlinkSync(`/proc/self/fd/${fd}`);
          } catch {
            return '';
          }
        })
        .filter((target) => target.startsWith('socket:')).length;
    const open = fds();
    if (process.getuid?.() !== 0 || process.seteuid === undefined) return;
    process.seteuid(65534);
    try {
      let isClosed = false;
      channel.on('close', () => {
        isClosed = true;
      });
      await channel.close();
      expect(isClosed).to.equal(true);
      expect(fds()).to.be.below(open);
    } finally {
      process.seteuid(0);
    }
  });
});
