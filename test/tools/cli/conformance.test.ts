// `dpdk-ipc conformance` as users run it, against a live C primary.
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { cli, needsCli } from '../../support/cli.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { REGISTER } from '../../support/register.js';

const DRIVER = fileURLToPath(new URL('../conformance/node-subject.ts', import.meta.url));

const conformance = (...args: string[]) => cli(['conformance', ...args]);

describe('dpdk-ipc conformance', () => {
  const peers = peersFor('cli');
  before('DPDK', async function () {
    await needsDpdk(this);
    needsCli(this);
  });

  async function startPrimary(): Promise<CPeer> {
    return peers.start({ role: 'primary', hugepages: false, bigZone: false });
  }

  it('tests a primary without changing it', async () => {
    const primary = await startPrimary();
    const before = readdirSync(peers.runtimeDir).sort();
    const { status, stdout } = await conformance('--file-prefix', peers.filePrefix);
    expect(status).to.equal(0);
    expect(stdout).to.match(new RegExp(`primary of '${peers.filePrefix}': DPDK \\d`));
    expect(stdout).to.match(/^C25 +pass/m);
    expect(stdout).to.match(/^\d+ passed, 0 failed, \d+ skipped$/m);
    expect(stdout).to.contain('destructive: --destructive runs it');
    expect(readdirSync(peers.runtimeDir).sort()).to.deep.equal(before);
    expect((await primary.command('bcast any -')).fields.ret).to.equal('0');
  });

  it('prints JSON and writes JUnit XML', async () => {
    await startPrimary();
    const file = join(tmpdir(), `${peers.filePrefix}.xml`);
    peers.defer(() => rmSync(file, { force: true }));
    const args = ['--file-prefix', peers.filePrefix, '--only', 'C25,c17', '--json', '--junit', file];
    const { status, stdout } = await conformance(...args);
    expect(status).to.equal(0);
    const { pass, skip, checks } = JSON.parse(stdout);
    expect({ pass, skip, ids: checks.map(({ id }: { id: string }) => id) }).to.deep.equal({
      pass: 1,
      skip: 1,
      ids: ['C25', 'C17'],
    });
    expect(readFileSync(file, 'utf8')).to.contain('tests="2" failures="0" skipped="1"');
  });

  it('stops at the check that ends the primary, and says to restart it', async () => {
    await startPrimary();
    const args = ['--file-prefix', peers.filePrefix, '--destructive', '--only', 'C14,C15,C25'];
    const { status, stdout } = await conformance(...args);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^C14 +pass/m);
    expect(stdout).to.contain("C14 may have ended the subject's IPC: restart it");
    const again = await conformance('--file-prefix', peers.filePrefix);
    expect(again.status).to.equal(2);
    expect(again.stderr).to.contain('takes requests and answers none').and.to.contain('restart the primary');
  });

  it('tests a Node primary', async () => {
    await using primary = await openPrimary({ filePrefix: peers.filePrefix });
    const { status, stdout } = await conformance('--file-prefix', primary.filePrefix, '--destructive');
    expect(status).to.equal(0);
    expect(stdout).to.match(/^C14 +pass .*not as C: dropped/m);
    expect(stdout).to.match(/^C76 +pass .*not as C: IGN/m);
    expect(stdout).not.to.contain('restart it');
  });

  it('uses the dialect of a Node primary although another release left its config there', async () => {
    const dead = await startPrimary();
    dead.kill('SIGKILL');
    await dead.exited;
    const config = openSync(`${peers.runtimeDir}/config`, 'r+');
    writeSync(config, Buffer.from([0x63, 0, 0x0b, 0x19]), 0, 4, 4); // 25.11, which has longer datagrams
    closeSync(config);
    await using primary = await openPrimary({ filePrefix: peers.filePrefix });
    const { status, stdout } = await conformance('--file-prefix', peers.filePrefix, '--only', 'C38');
    expect({ status, dropped: primary.stats.dropped.malformed }).to.deep.equal({
      status: 0,
      dropped: 0,
    });
    expect(stdout).to.contain('unknown version, dialect 332/8');
  });

  it('tests processes that --driver starts', async () => {
    const driver = [process.execPath, '--import', REGISTER, DRIVER].join(' ');
    const args = ['--driver', driver, '--role', 'primary', '--only', 'C6,C14,C44'];
    const { status, stdout } = await conformance(...args);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^3 passed, 0 failed, 0 skipped$/m);
  });

  it('ends with status 2 without a primary, and for an unknown check', async () => {
    const unknown = await conformance('--file-prefix', 'no-such-prefix');
    expect(unknown.status).to.equal(2);
    expect(unknown.stderr).to.contain("prefix 'no-such-prefix'").and.to.contain('start the primary');
    const check = await conformance('--only', 'C999');
    expect(check.status).to.equal(2);
    expect(check.stderr).to.contain("no check 'C999'");
  });

  it('lists the checks without a primary', async () => {
    const { status, stdout } = await conformance('--list');
    expect(status).to.equal(0);
    expect(stdout).to.match(/^ {2}C14 +short datagram \(destructive\)$/m);
  });
});
