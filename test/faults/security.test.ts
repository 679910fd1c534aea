// Other users: which sockets and files of theirs are used, and what a hostile process in the runtime directory can do.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MpError, openPrimary, openSecondary } from '../../lib/index.js';
import { attachMemory } from '../../shm/index.js';
import { LIST_BASE } from '../shm/support/image.js';
import { type FakeRuntime, makeRuntime, pretendAlive } from '../shm/support/runtime.js';
import { isCloseOnExec } from '../support/descriptors.js';
import { mpError } from '../support/mp-error.js';
import { StageScope } from '../support/stage.js';

const NOBODY = 65534;

describe('security: the sockets of a runtime directory', () => {
  const scope = new StageScope();

  before(function () {
    if (process.getuid?.() === 0) return;
    console.log('      pending: needs root, to act as another user');
    this.skip();
  });

  it('are in a directory that no other user may enter, as C makes it', async () => {
    const { options, directory, runtimeDir } = scope.stage;
    rmSync(directory, { recursive: true });
    const primary = await scope.keep(openPrimary(options));
    expect(statSync(directory).mode & 0o777).to.equal(0o700);
    chmodSync(runtimeDir, 0o755); // mkdtemp's 0700 is not what is tested
    const refused = asNobody(
      `import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '${primary.socketPath}')`,
    );
    expect(refused).to.contain('PermissionError');
    expect(primary.stats.dropped.malformed).to.equal(0);
  });

  it('receive descriptors that no child inherits', async () => {
    const { stage, keep } = scope;
    const [primary, secondary] = [
      await keep(openPrimary(stage.options)),
      await keep(openSecondary(stage.options)),
    ];
    const seen: boolean[] = [];
    primary.registerAction('take', (msg) => {
      seen.push(...msg.fds.map(isCloseOnExec));
      return { fds: msg.fds };
    });
    using reply = await secondary.request({ name: 'take', fds: [0, 1] });
    seen.push(...(reply.msgs[0]?.fds ?? []).map(isCloseOnExec));
    expect(seen).to.deep.equal([true, true, true, true]);
  });
});

describe('security: a parent directory that all users may write to', () => {
  let parent: string;
  let runtimeDir: string;

  before(function () {
    if (process.getuid?.() === 0) return;
    console.log('      pending: needs root, to act as another user');
    this.skip();
  });

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'mp-'));
    chmodSync(parent, 0o1777);
    runtimeDir = `${parent}/dpdk`;
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  /** Expects every way to open a channel or memory to fail with EACCES. */
  async function expectRefused(): Promise<void> {
    const options = { runtimeDir, filePrefix: 'rte' };
    for (const attempt of [
      () => openPrimary(options),
      () => openSecondary(options),
      () => openSecondary({ ...options, visibility: 'private' }),
      async () => attachMemory(options),
    ]) {
      const error = await mpError(attempt());
      expect(error.code).to.equal('EACCES');
      expect(error.message).to.contain(String(NOBODY));
    }
  }

  it("refuses another user's directory", async () => {
    mkdirSync(runtimeDir);
    chownSync(runtimeDir, NOBODY, NOBODY);
    await expectRefused();
    expect(readdirSync(runtimeDir)).to.deep.equal([]);
  });

  it("refuses another user's symbolic link, and leaves its target alone", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'mp-'));
    try {
      mkdirSync(`${elsewhere}/rte`);
      writeFileSync(`${elsewhere}/rte/mp_socket`, 'precious');
      symlinkSync(elsewhere, runtimeDir);
      spawnSync('chown', ['-h', String(NOBODY), runtimeDir]);
      await expectRefused();
      expect(readdirSync(`${elsewhere}/rte`)).to.deep.equal(['mp_socket']);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it("refuses another user's directory of the prefix in a directory of our own", async () => {
    mkdirSync(runtimeDir);
    chmodSync(runtimeDir, 0o777);
    mkdirSync(`${runtimeDir}/rte`);
    chownSync(`${runtimeDir}/rte`, NOBODY, NOBODY);
    await expectRefused();
  });

  it('uses a directory and a symbolic link of our own', async () => {
    const real = `${parent}/real`;
    mkdirSync(real);
    symlinkSync(real, runtimeDir);
    const primary = await openPrimary({ runtimeDir, filePrefix: 'rte' });
    await primary.close();
    expect(existsSync(`${real}/rte`)).to.equal(true);
  });

  it('removes no files while another user keeps swapping the directory for a link', async function () {
    this.timeout(120_000);
    chmodSync(parent, 0o777); // without the sticky bit all users may rename everything
    const bait = `${parent}/bait`;
    const precious = ['config', 'file', 'mp_socket', 'mp_socket_1_a'];
    mkdirSync(`${bait}/rte`, { recursive: true });
    for (const name of precious) writeFileSync(`${bait}/rte/${name}`, 'precious');
    const before = readdirSync(`${bait}/rte`).length;
    mkdirSync(`${runtimeDir}/rte`, { recursive: true });
    const attacker = spawn('python3', ['-c', SWAP, parent], { uid: NOBODY, gid: NOBODY });
    const ended = new Promise((resolve) => attacker.once('close', resolve));
    await new Promise((resolve) => attacker.stdout.once('data', resolve));
    let opened = 0;
    for (let i = 0; i < 300; i++) {
      try {
        const channel = await openPrimary({ runtimeDir, filePrefix: 'rte' });
        await channel.close();
        opened++;
      } catch (error) {
        expect(error).to.be.instanceOf(MpError);
      }
    }
    attacker.kill();
    await ended;
    expect(opened).to.be.greaterThan(0);
    expect(before).to.equal(precious.length);
    expect(readdirSync(`${bait}/rte`)).to.include.members(precious);
  });
});

/** Swaps DIR/dpdk for a link to DIR/bait and back until it is killed. */
const SWAP = `
import os, sys
os.chdir(sys.argv[1])
print('go', flush=True)
while True:
    os.rename('dpdk', 'aside')
    os.symlink('bait', 'dpdk')
    os.unlink('dpdk')
    os.rename('aside', 'dpdk')
`;

describe('security: paths that come from a peer', () => {
  let runtime: FakeRuntime;
  let release: () => void;

  beforeEach(() => {
    runtime = makeRuntime({ zones: [{ name: 'ONE', addr: LIST_BASE, len: 64 }], pages: [0] });
    release = pretendAlive(runtime);
  });

  afterEach(() => {
    release();
    runtime.remove();
  });

  for (const name of ['config', 'fbarray_memzone', 'hugepage_info']) {
    it(`refuses a symbolic link or a pipe in the place of ${name}, and does not wait for it`, async () => {
      const path = `${runtime.path}/${name}`;
      renameSync(path, `${path}.real`);
      symlinkSync(`${path}.real`, path);
      const { runtimeDir, filePrefix } = runtime;
      const use = () => {
        using memory = attachMemory({ runtimeDir, filePrefix });
        memory.lookup('ONE')?.bytes;
      };
      expect(use).to.throw().with.property('code', 'ELOOP');
      unlinkSync(path);
      expect(spawnSync('mkfifo', [path]).status).to.equal(0);
      expect(use).to.throw().with.property('code').that.is.oneOf(['ELAYOUT', 'ENXIO']);
      if (name !== 'config') return;
      const secondary = await openSecondary({ runtimeDir, filePrefix });
      await secondary.close();
    });
  }
});

/** Runs a script as user nobody; returns what python3 prints on stderr. */
function asNobody(script: string): string {
  const { stderr } = spawnSync('python3', ['-c', script], { uid: NOBODY, gid: NOBODY, encoding: 'utf8' });
  return stderr;
}
