// `dpdk-ipc ls`, and the command line in general: help, mistakes, colours, pipes.
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import type { Instance } from '../../../tools/instances/inspect.js';
import { cli, cliJson, needsCli, RunningCli } from '../../support/cli.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { cleanPrefix } from '../../support/dpdk/prefix.js';
import { AS_NOBODY, NOBODY, needsRoot, scratch, startPrivate, startWrapped } from '../doctor/support.js';

const SMALL = { role: 'primary', hugepages: false, bigZone: false } as const;

describe('dpdk-ipc', () => {
  before('the command line', function () {
    needsCli(this);
  });

  it('lists its commands, and exits with 0 only for --help', async () => {
    const help = await cli(['--help']);
    expect(help.status).to.equal(0);
    for (const name of [
      'ls',
      'doctor',
      'request',
      'send',
      'listen',
      'memzone',
      'hotplug',
      'bench',
      'conformance',
    ]) {
      expect(help.stdout).to.match(new RegExp(`^  ${name} +\\w`, 'm'));
      const own = await cli([name, '--help']);
      expect(own.status, name).to.equal(0);
      expect(own.stdout, name).to.contain(`Usage: dpdk-ipc ${name}`);
      expect(Math.max(...own.stdout.split('\n').map(({ length }) => length)), name).to.be.at.most(80);
    }
    expect((await cli([])).status).to.equal(2);
  });

  it('refuses unknown commands and bad values with a hint', async () => {
    expect(await cli(['lss'])).to.deep.include({ status: 2, stdout: '' });
    expect((await cli(['lss'])).stderr).to.contain('Did you mean ls?');
    const bad = await cli(['ls', '--timeout', 'soon']);
    expect(bad.status).to.equal(2);
    expect(bad.stderr).to.contain('500ms').and.to.contain('--help tells more');
  });
});

describe('dpdk-ipc ls', () => {
  const peers = peersFor('ls');
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this, { hugepages: 16 });
  });

  async function listed(...args: string[]): Promise<Instance[]> {
    const { status, result } = await cliJson(['ls', '--file-prefix', peers.filePrefix, ...args]);
    expect(status).to.equal(0);
    return result.instances;
  }

  it('shows a primary with its secondaries, alive and stale', async () => {
    const primary = await peers.start({ role: 'primary', bigZone: false });
    const secondary = await peers.start({ role: 'secondary', core: 1, bigZone: false });
    const killed = await peers.start({ role: 'secondary', core: 1, bigZone: false });
    killed.kill('SIGKILL');
    await killed.exited;
    const [found] = await listed();
    expect(found).to.deep.include({
      state: 'running',
      ipc: 'answers',
      runtimeDir: '/var/run/dpdk',
      dialect: '332/8',
    });
    expect(found?.version).to.match(/^22\.11\.\d+$/);
    expect(found?.primary?.pid).to.equal(primary.pid);
    expect(found?.primary?.command).to.contain(`--file-prefix ${peers.filePrefix}`);
    expect(found?.secondaries.alive.map(({ pid }) => pid)).to.deep.equal([secondary.pid]);
    expect(found?.secondaries.stale.map(({ pid }) => pid)).to.deep.equal([killed.pid]);
    const { stdout } = await cli(['ls', '--file-prefix', peers.filePrefix]);
    expect(stdout).to.match(
      new RegExp(
        `^${peers.filePrefix}  running  22\\.11\\.\\d+ +332/8 +yes +${primary.pid} +\\w+ +1\\+1 stale `,
        'm',
      ),
    );
  });

  it('shows dead, Node and private primaries as such', async () => {
    const primary = await peers.start(SMALL);
    expect(primary.stderr).not.to.contain('unsupported secondary to primary request');
    expect((await listed('--no-probe'))[0])
      .to.include({ state: 'running' })
      .and.not.to.have.property('ipc');
    expect(primary.stderr).not.to.contain('unsupported secondary to primary request');
    primary.kill('SIGKILL');
    await primary.exited;
    expect((await listed())[0])
      .to.include({ state: 'dead' })
      .and.not.to.have.property('primary');
    await using node = await openPrimary({ filePrefix: peers.filePrefix });
    const [found] = await listed();
    expect(found).to.deep.include({ state: 'running', ipc: 'answers' });
    expect(found?.primary?.pid).to.equal(process.pid);
    await node.close();
    const hiddenPrimary = await startPrivate(peers, true);
    // although a dead one has left its files there
    const [hidden] = await listed();
    expect(hidden).to.deep.include({ state: 'private' });
    expect(hidden?.primary?.pid).to.equal(hiddenPrimary.pid);
  });

  it('shows a Node primary with memory with its release', async () => {
    await using _primary = await openPrimary({
      filePrefix: peers.filePrefix,
      memory: { hugepages: 1, version: '25.11.0' },
    });
    const [found] = await listed();
    expect(found).to.deep.include({
      state: 'running',
      version: '25.11.0',
      dialect: '340/253',
      ipc: 'answers',
    });
    expect(found?.primary?.pid).to.equal(process.pid);
  });

  it("asks another user's primary, too", async function () {
    needsRoot(this);
    const dir = scratch(peers);
    chownSync(dir, NOBODY, NOBODY);
    await startWrapped(peers, AS_NOBODY, { hugepages: false }, { RUNTIME_DIRECTORY: dir });
    const [found] = await listed();
    expect(found).to.include({ state: 'running', ipc: 'answers', owner: 'nobody' });
  });

  it('replaces control characters in names', async () => {
    const filePrefix = `${peers.filePrefix}-\x1b[5m`;
    peers.defer(() => cleanPrefix(filePrefix));
    await using _primary = await openPrimary({ filePrefix });
    for (const command of ['ls', 'doctor']) {
      const { stdout } = await cli([command, '--file-prefix', filePrefix]);
      expect(stdout).to.contain(`${peers.filePrefix}-?[5m`).and.not.to.contain('\x1b');
    }
  });

  it('finds runtime directories by itself', async () => {
    const dir = mkdtempSync('/tmp/ls-');
    peers.defer(() => rmSync(dir, { recursive: true, force: true }));
    await peers.start({ ...SMALL, env: { RUNTIME_DIRECTORY: dir } });
    expect((await listed()).map(({ runtimeDir }) => runtimeDir)).to.deep.equal([`${dir}/dpdk`]);
    expect(await listed('--runtime-dir', '/var/run/dpdk')).to.deep.equal([]);
  });

  it('names directories that it may not read', async function () {
    needsRoot(this);
    await peers.start(SMALL);
    const { status, stdout, stderr } = await cli(['ls', '--file-prefix', peers.filePrefix], { uid: NOBODY });
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '' });
    expect(stderr).to.contain('/var/run/dpdk can not be read, it belongs to root: run as root');
    expect(stderr).to.contain(`No DPDK primary was found under the prefix '${peers.filePrefix}'`);
  });

  it('prints the command on a line of its own on a terminal of 80 columns', async () => {
    const filePrefix = `${peers.filePrefix}-${'x'.repeat(8)}`;
    peers.defer(() => cleanPrefix(filePrefix));
    await using _primary = await openPrimary({ filePrefix });
    const wrap = ['sh', '-c', 'script -qec "stty cols 80; $*" /dev/null', 'sh'];
    const { stdout } = await cli(['ls', '--file-prefix', filePrefix], { wrap, env: { NO_COLOR: '1' } });
    const lines = stdout.split(/\r?\n/);
    const at = lines.findIndex((line) => line.startsWith(filePrefix));
    expect(lines[at]).to.match(/ running +- +332\/8 +yes +\d+ +\w+ +0$/);
    expect(lines[at + 1]).to.match(/^ {2}node /);
    expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(80);
  });

  it('uses colours only on terminals, and ends quietly without a reader', async () => {
    await peers.start(SMALL);
    const args = ['ls', '--file-prefix', peers.filePrefix];
    expect((await cli(args)).stdout).not.to.contain('\x1b[');
    expect((await cli(args, { env: { FORCE_COLOR: '1' } })).stdout).to.contain('\x1b[32mrunning');
    const unread = new RunningCli(args, { input: '' });
    unread.stopReading();
    expect(await unread.ended).to.include({ status: 0, stderr: '' });
  });
});
