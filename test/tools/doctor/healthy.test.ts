// `dpdk-ipc doctor` on a healthy primary: looked for in wrong places, and with secondaries that aren't healthy.
import { existsSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { openSecondary } from '../../../lib/index.js';
import { DatagramSocket } from '../../../sys/datagram-socket.js';
import { processFacts } from '../../../sys/proc.js';
import { cli, needsCli, RunningCli } from '../../support/cli.js';
import { findHugepages } from '../../support/dpdk/hugepages.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { examine, expectFinding, HUGE, NOBODY, needsRoot, until } from './support.js';

describe('dpdk-ipc doctor, a healthy primary', () => {
  const peers = peersFor('doctor', 'suite');
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this, { hugepages: 16 });
    await peers.start(HUGE);
    await peers.start({ role: 'secondary', core: 1, bigZone: false });
  });

  it('reports no finding', async () => {
    const { status, stdout } = await cli(['doctor', '--file-prefix', peers.filePrefix]);
    expect(status).to.equal(0);
    expect(stdout).to.match(/: running, DPDK \d.*, pid \d+ of \w+, secondaries \d+\n/);
    expect(stdout).to.match(/^ok: \d+ checks, no error$/m);
    expect(stdout).not.to.contain('\x1b[');
  });

  it('wrong-prefix: suggests the right one', async () => {
    const examined = await examine(`${peers.filePrefix}x`);
    const { fix, evidence } = expectFinding(examined, 'wrong-prefix');
    expect(fix).to.contain(`Did you mean '${peers.filePrefix}'`);
    expect(evidence).to.contain('does not exist');
  });

  it("wrong-prefix and no-permission: name the owner of another user's directory", async function () {
    needsRoot(this);
    const own = await examine(peers.filePrefix, [], { uid: NOBODY, env: { XDG_RUNTIME_DIR: '/tmp' } });
    const { fix } = expectFinding(own, 'wrong-prefix');
    expect(fix).to.match(/^It is in \/var\/run\/dpdk, of user root/);
    const given = await examine(peers.filePrefix, ['--runtime-dir', '/var/run/dpdk'], { uid: NOBODY });
    const refused = expectFinding(given, 'no-permission');
    expect(refused.what).to.equal('nobody may not enter /var/run/dpdk');
    expect(refused.evidence).to.contain('mode is 0700').and.to.contain('belongs to root');
  });

  it('other-spelling: /run instead of /var/run, which C compares as strings', async () => {
    const examined = await examine(peers.filePrefix, ['--runtime-dir', '/run/dpdk']);
    expect(expectFinding(examined, 'other-spelling').fix).to.equal('Give --runtime-dir /var/run/dpdk');
  });

  it('peers-other-spelling: a secondary that is bound below /run', async () => {
    const channel = await openSecondary({ filePrefix: peers.filePrefix, runtimeDir: '/run/dpdk' });
    try {
      const { fix } = expectFinding(await examine(peers.filePrefix), 'peers-other-spelling');
      expect(fix).to.contain(`Restart process ${process.pid} `);
    } finally {
      await channel.close();
    }
  });

  it('pid-namespace: run in another pid namespace', async function () {
    needsRoot(this);
    const wrap = ['unshare', '--pid', '--fork', '--mount-proc'];
    const { what } = expectFinding(await examine(peers.filePrefix, [], { wrap }), 'pid-namespace');
    expect(what).to.contain('another pid namespace');
  });

  it('hugetlbfs: run without its hugetlbfs', async function () {
    needsRoot(this);
    const dir = findHugepages()?.dir ?? '';
    const wrap = ['unshare', '--mount', 'sh', '-c', `umount ${dir} && exec "$@"`, 'sh'];
    const { what, evidence, fix } = expectFinding(await examine(peers.filePrefix, [], { wrap }), 'hugetlbfs');
    expect(what).to.contain(`in ${dir}, which is no hugetlbfs here`);
    expect(evidence).to.contain('another mount namespace');
    const through = /--huge-dir (\S+) as root/.exec(fix)?.[1] ?? '';
    const read = ['memzone', 'read', 'SHARED_INFO', '--length', '4', '--file-prefix', peers.filePrefix];
    expect((await cli(read, { wrap })).status).to.equal(2);
    expect(await cli([...read, '--huge-dir', through], { wrap })).to.include({
      status: 0,
      stdout: '00000000\n',
    });
  });

  it('hugetlbfs: hidden by another mount', async function () {
    needsRoot(this);
    const dir = findHugepages()?.dir ?? '';
    const mount = `mount -t hugetlbfs -o pagesize=2M none ${dir} && exec "$@"`;
    const wrap = ['unshare', '--mount', 'sh', '-c', mount, 'sh'];
    const { what, fix } = expectFinding(await examine(peers.filePrefix, [], { wrap }), 'hugetlbfs');
    expect(what).to.contain('2 hugetlbfs are mounted over each other');
    expect(fix).to.equal(`Unmount the last one: umount ${dir}`);
  });

  it('stale-sockets: left by killed secondaries', async () => {
    const listener = new RunningCli(['listen', 'any', '--file-prefix', peers.filePrefix]);
    await listener.errLine(/^listening as secondary/);
    listener.kill('SIGKILL');
    await listener.ended;
    const { evidence, fix } = expectFinding(await examine(peers.filePrefix), 'stale-sockets');
    expect(evidence).to.match(new RegExp(`^nobody is bound to mp_socket_${listener.pid}_[0-9a-f]+$`));
    const path = fix.slice(fix.indexOf('rm ') + 3);
    expect(existsSync(path)).to.equal(true);
    rmSync(path);
  });

  it('peers-silent: one secondary stopped, one silent', async () => {
    const stopped = new RunningCli(['listen', 'any', '--file-prefix', peers.filePrefix]);
    const silent = DatagramSocket.open('filesystem');
    if (typeof silent === 'number') throw new Error(`socket: ${silent}`);
    const path = `${peers.runtimeDir}/mp_socket_${process.pid}_1`;
    try {
      await stopped.errLine(/^listening as secondary/);
      stopped.kill('SIGSTOP');
      await until(() => processFacts(stopped.pid)?.state === 'T');
      expect(silent.bind(path)).to.equal(0);
      const examined = await examine(peers.filePrefix, ['--timeout', '300ms']);
      const { what, evidence, fix } = expectFinding(examined, 'peers-silent');
      expect(what).to.match(/^2 secondary process/);
      expect(evidence).to.match(new RegExp(`process ${stopped.pid} .*is stopped \\(state T\\)`));
      expect(evidence).to.match(new RegExp(`process ${process.pid} .*did not answer within 300 ms`));
      expect(fix).to.contain(`kill -CONT ${stopped.pid}`);
    } finally {
      stopped.kill('SIGKILL');
      await stopped.ended;
      silent.close();
      rmSync(path);
    }
  });
});
