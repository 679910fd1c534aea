// `dpdk-ipc doctor`: every condition that it knows, caused for real.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { readConfigHead } from '../../../shm/layout/mem-config.js';
import { FileLock } from '../../../sys/file-lock.js';
import { hasMessageThread, processFacts } from '../../../sys/proc.js';
import { cli, needsCli } from '../../support/cli.js';
import { findHugepages } from '../../support/dpdk/hugepages.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { CPeer } from '../../support/dpdk/peer.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { cleanPrefix, uniquePrefix } from '../../support/dpdk/prefix.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import {
  AS_NOBODY,
  examine,
  expectFinding,
  HUGE,
  NOBODY,
  needsRoot,
  openCount,
  SMALL,
  scratch,
  secondarySocket,
  sendBytes,
  startPrivate,
  startWrapped,
  until,
} from './support.js';

describe('dpdk-ipc doctor, one thing wrong', () => {
  const peers = peersFor('doctor');
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this, { hugepages: 16 });
  });

  /** Writes a 32-bit word into the primary's `config`, as a broken process would. */
  function poke(offset: number, word: number): void {
    const fd = openSync(`${peers.runtimeDir}/config`, 'r+');
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(word);
    writeSync(fd, bytes, 0, 4, offset);
    closeSync(fd);
  }

  it('wrong-prefix: the primary is in another runtime directory', async () => {
    const dir = scratch(peers);
    await peers.start({ ...SMALL, env: { RUNTIME_DIRECTORY: dir } });
    const { fix } = expectFinding(await examine(peers.filePrefix), 'wrong-prefix');
    expect(fix).to.contain(`--runtime-dir ${dir}/dpdk`);
    expect(await examine(peers.filePrefix, ['--runtime-dir', `${dir}/dpdk`])).to.include({ status: 0 });
  });

  it('no-memory: the primary is a Node process', async () => {
    await using _primary = await openPrimary({ filePrefix: peers.filePrefix });
    expectFinding(await examine(peers.filePrefix), 'no-memory');
    const { status, stderr } = await cli(['memzone', 'ls', '--file-prefix', peers.filePrefix]);
    expect(status).to.equal(2);
    expect(stderr).to.contain('opened with the option memory');
  });

  it('hugetlbfs: the page files of a Node primary with memory are removed', async () => {
    const memory = { hugepages: 1 };
    await using primary = await openPrimary({ filePrefix: peers.filePrefix, memory });
    primary.memory.reserve('ZONE', 64);
    expect(await examine(peers.filePrefix)).to.deep.include({ status: 0, ids: [] });
    const { dir } = findHugepages() ?? { dir: '' };
    rmSync(`${dir}/${peers.filePrefix}map_0`);
    const { what } = expectFinding(await examine(peers.filePrefix), 'hugetlbfs');
    expect(what).to.contain('page files were removed');
  });

  it('bad-path: the path is too long for sockets', async () => {
    const filePrefix = `${uniquePrefix('long')}-${'x'.repeat(50)}`;
    peers.defer(() => cleanPrefix(filePrefix));
    await using primary = await CPeer.start({ ...SMALL, filePrefix });
    const { evidence } = expectFinding(await examine(filePrefix), 'bad-path');
    expect(evidence).to.match(/is \d+ bytes long, but a Unix socket path holds 72/);
    expect(primary.running).to.equal(true);
  });

  it('other-mount-namespace: the primary is in another one', async function () {
    needsRoot(this);
    const dir = scratch(peers);
    const wrap = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${dir} && exec "$@"`, 'sh'];
    const primary = await startWrapped(peers, wrap, { hugepages: false }, { RUNTIME_DIRECTORY: dir });
    const examined = await examine(peers.filePrefix, ['--runtime-dir', `${dir}/dpdk`]);
    const { evidence, fix } = expectFinding(examined, 'other-mount-namespace');
    expect(evidence).to.contain(`process ${primary.pid} `).and.to.contain('ns/mnt is not ours');
    expect(fix).to.contain(`nsenter --mount --target ${primary.pid}`);
  });

  it('primary-private: the primary shares nothing', async () => {
    const silent = await startPrivate(peers, false);
    const { evidence } = expectFinding(await examine(peers.filePrefix), 'primary-private');
    expect(evidence).to.contain(`process ${silent.pid} `);
    await silent[Symbol.asyncDispose]();
    await startPrivate(peers, true);
    const { evidence: told } = expectFinding(await examine(peers.filePrefix), 'primary-private');
    expect(told).to.contain('telemetry socket is bound');
  });

  it('primary-dead: the primary was killed', async () => {
    const primary = await peers.start(SMALL);
    primary.kill('SIGKILL');
    await primary.exited;
    const { what, evidence } = expectFinding(await examine(peers.filePrefix), 'primary-dead');
    expect(what).to.equal('The primary was killed, or has crashed');
    expect(evidence).to.contain('nobody holds the lock').and.to.contain('nobody is bound to mp_socket');
  });

  it('primary-dead: its secondary is alive', async () => {
    const primary = await peers.start(HUGE);
    const secondary = await peers.start({ role: 'secondary', core: 1, bigZone: false });
    primary.kill('SIGKILL');
    await primary.exited;
    const { fix } = expectFinding(await examine(peers.filePrefix), 'primary-dead');
    expect(fix).to.match(new RegExp(`^End ${secondary.pid} first`));
  });

  it('primary-starting, directory-locked: the primary waits for the lock of the runtime directory', async () => {
    mkdirSync(peers.runtimeDir, { recursive: true, mode: 0o700 });
    const lock = FileLock.tryLock(peers.runtimeDir, 'shared');
    if (typeof lock === 'number') throw new Error(`flock: ${lock}`);
    const primary = await peers.start({ ...SMALL, untilReady: false });
    try {
      await until(() => existsSync(`${peers.runtimeDir}/config`));
      await until(() => readConfigHead(`${peers.runtimeDir}/config`)?.lock !== undefined);
      const { status, findings, ids } = await examine(peers.filePrefix);
      expect(status).to.equal(1);
      expect(ids).to.deep.equal(['primary-starting', 'directory-locked']);
      expect(findings[0]?.evidence).to.contain(`process ${primary.pid} `);
      expect(findings[1]?.evidence).to.contain(`process ${process.pid} `).and.to.contain('LOCK_SH');
    } finally {
      lock.release();
    }
    await primary.waitFor(/^READY /);
    expect(await examine(peers.filePrefix)).to.include({ status: 0 });
  });

  it('primary-starting: the primary was stopped meanwhile', async () => {
    mkdirSync(peers.runtimeDir, { recursive: true, mode: 0o700 });
    const lock = FileLock.tryLock(peers.runtimeDir, 'shared');
    if (typeof lock === 'number') throw new Error(`flock: ${lock}`);
    const primary = await peers.start({ ...SMALL, untilReady: false });
    await until(() => existsSync(`${peers.runtimeDir}/config`));
    await until(() => readConfigHead(`${peers.runtimeDir}/config`)?.lock !== undefined);
    primary.kill('SIGSTOP');
    lock.release();
    await until(() => processFacts(primary.pid)?.state === 'T');
    const { fix } = expectFinding(await examine(peers.filePrefix), 'primary-starting');
    expect(fix).to.equal(`Continue it: kill -CONT ${primary.pid}`);
  });

  it('version-unknown: the primary is of an unknown release', async () => {
    await peers.start(SMALL);
    poke(4, 0x1b0b0063);
    const { what } = expectFinding(await examine(peers.filePrefix), 'version-unknown');
    expect(what).to.contain('27.11.0');
  });

  it('primary-stopped: the primary is stopped', async () => {
    const primary = await peers.start(SMALL);
    primary.kill('SIGSTOP');
    await until(() => processFacts(primary.pid)?.state === 'T');
    const { fix } = expectFinding(await examine(peers.filePrefix), 'primary-stopped');
    expect(fix).to.equal(`Continue it: kill -CONT ${primary.pid}`);
    primary.kill('SIGCONT');
    expect(await examine(peers.filePrefix)).to.include({ status: 0 });
  });

  it('peers-silent: the IPC thread of a C secondary has ended', async () => {
    await peers.start(HUGE);
    const secondary = await peers.start({ role: 'secondary', core: 1, bigZone: false });
    const socket = secondarySocket(peers.runtimeDir, secondary.pid);
    sendBytes(socket, [new Uint8Array(4)]);
    await until(() => !hasMessageThread(secondary.pid));
    const { evidence } = expectFinding(await examine(peers.filePrefix), 'peers-silent');
    expect(evidence).to.match(new RegExp(`process ${secondary.pid} .*has no IPC thread any more`));
  });

  it('ipc-silent: a handler of the primary blocks its IPC thread; then its queue is full, too', async () => {
    const primary = await peers.start({ ...SMALL, slowMs: 60_000 });
    const socket = `${peers.runtimeDir}/mp_socket`;
    const message = encodeMessage('332/8', MpType.MSG, { name: 'slowi' });
    sendBytes(socket, [message]);
    await primary.waitFor(/^got name=slowi/);
    const silent = await examine(peers.filePrefix, ['--timeout', '300ms']);
    expect(expectFinding(silent, 'ipc-silent').what).to.contain('does not answer');
    sendBytes(socket, Array<Uint8Array>(20).fill(message));
    const full = await examine(peers.filePrefix, ['--timeout', '300ms']);
    expect(expectFinding(full, 'ipc-silent').what).to.contain('queue of the primary is full');
  });

  it("answers-refused: the primary's user may not write to this user's socket", async function () {
    needsRoot(this);
    const dir = scratch(peers);
    chownSync(dir, NOBODY, NOBODY);
    chmodSync(dir, 0o711);
    await startWrapped(peers, AS_NOBODY, { hugepages: false }, { RUNTIME_DIRECTORY: dir });
    const args = ['--runtime-dir', `${dir}/dpdk`];
    const { evidence } = expectFinding(await examine(peers.filePrefix, args), 'answers-refused');
    expect(evidence).to.equal('it runs as nobody, we are root');
    const echo = ['request', 'echo', '--timeout', '300ms', '--file-prefix', peers.filePrefix, ...args];
    expect((await cli(echo)).status).to.equal(1);
    expect((await cli(echo, { uid: NOBODY })).status).to.equal(0);
    expect(await examine(peers.filePrefix, args, { uid: NOBODY })).to.include({ status: 0 });
  });

  it("foreign-directory: the directory is another user's, in one like /tmp", async function () {
    needsRoot(this);
    const dir = scratch(peers);
    chmodSync(dir, 0o1777);
    await startWrapped(peers, AS_NOBODY, { hugepages: false }, { RUNTIME_DIRECTORY: dir });
    const args = ['--runtime-dir', `${dir}/dpdk`];
    const { evidence, fix } = expectFinding(await examine(peers.filePrefix, args), 'foreign-directory');
    expect(evidence).to.contain(`${dir}/dpdk belongs to nobody`);
    expect(fix).to.contain('sudo -u nobody');
    const echo = ['request', 'echo', '--file-prefix', peers.filePrefix, ...args];
    expect((await cli(echo)).stderr).to.contain(`${dir}/dpdk belongs to user ${NOBODY}`);
    expect(await examine(peers.filePrefix, args, { uid: NOBODY })).to.include({ status: 0 });
  });

  it('descriptor-limit: the primary has few descriptors left', async () => {
    const primary = await peers.start(SMALL);
    const used = openCount(primary.pid);
    const limit = `--nofile=${used + 2}:${used + 2}`;
    expect(spawnSync('prlimit', ['--pid', String(primary.pid), limit]).status).to.equal(0);
    const { what } = expectFinding(await examine(peers.filePrefix), 'descriptor-limit');
    expect(what).to.contain('carries more than 2 ends its IPC thread');
  });

  it('multi-process-disabled: the primary has disabled it', async () => {
    const primary = await peers.start(SMALL);
    expect((await primary.command('disable')).fields.ret).to.equal('1');
    expectFinding(await examine(peers.filePrefix), 'multi-process-disabled');
  });

  it('memory-unusable: a lock of the memory stays taken', async () => {
    await peers.start(SMALL);
    poke(16, 2); // mlock of family A, held by a writer
    const { what } = expectFinding(await examine(peers.filePrefix), 'memory-unusable');
    expect(what).to.contain('stays taken');
  });

  it('hugetlbfs: the page files were removed', async () => {
    await peers.start({ ...HUGE, args: ['--huge-unlink'] });
    const { what } = expectFinding(await examine(peers.filePrefix), 'hugetlbfs');
    expect(what).to.contain('page files were removed');
    const read = ['memzone', 'read', 'SHARED_INFO', '--length', '4', '--file-prefix', peers.filePrefix];
    expect((await cli(read)).status).to.equal(2);
    expect(await cli([...read, '--unlinked'])).to.include({ status: 0, stdout: '00000000\n' });
  });

  it('pid-namespace, hugetlbfs: memory without hugepages, run in another pid namespace', async function () {
    needsRoot(this);
    await peers.start(SMALL);
    const wrap = ['unshare', '--pid', '--fork', '--mount-proc'];
    const { status, ids } = await examine(peers.filePrefix, [], { wrap });
    expect(status).to.equal(0);
    expect(ids).to.deep.equal(['pid-namespace', 'hugetlbfs']);
  });
});

describeReleases('dpdk-ipc doctor', (release) => {
  const peers = peersFor('doctor', 'test', release);
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this, { release });
  });

  it('ipc-thread-dead: reports it, and no finding before', async () => {
    const primary = await peers.start(SMALL);
    expect(await examine(peers.filePrefix)).to.deep.include({ status: 0, ids: [] });
    sendBytes(`${peers.runtimeDir}/mp_socket`, [new Uint8Array(4)]);
    await until(() => !hasMessageThread(primary.pid));
    expectFinding(await examine(peers.filePrefix), 'ipc-thread-dead');
  });
});
