// `dpdk-ipc hotplug` as users run it: with dpdk-testpmd, without a primary, with a Node primary.
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { openPrimary } from '../../../lib/index.js';
import { cli, needsCli } from '../../support/cli.js';
import { needsTestpmd, Testpmd } from '../../support/dpdk/applications.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';

describe('dpdk-ipc hotplug', () => {
  const peers = peersFor('hpcli');
  before('DPDK', async function () {
    await needsDpdk(this);
    needsCli(this);
    needsTestpmd(this);
  });

  const hotplug = (...args: string[]) => cli(['hotplug', ...args, '--file-prefix', peers.filePrefix]);

  it('attaches, lists and detaches devices of a running testpmd', async () => {
    const testpmd = await Testpmd.start(peers, { args: ['--vdev', 'net_null0'] });
    expect(await hotplug('list')).to.deep.equal({ status: 0, stdout: 'net_null0\n', stderr: '' });
    expect(await testpmd.ports()).to.deep.equal(['net_null0']);

    const attached = await hotplug('attach', 'net_null1,size=128');
    expect(attached).to.deep.equal({ status: 0, stdout: 'attached net_null1,size=128\n', stderr: '' });
    expect(await testpmd.ports()).to.deep.equal(['net_null0', 'net_null1']);
    expect(await testpmd.devices()).to.deep.equal(['net_null0', 'net_null1']);
    const listed = await hotplug('list', '--json');
    expect(JSON.parse(listed.stdout)).to.deep.equal([{ name: 'net_null0' }, { name: 'net_null1' }]);

    const detached = await hotplug('detach', 'net_null1', '--json');
    expect(detached.status).to.equal(0);
    expect(JSON.parse(detached.stdout)).to.deep.equal({ detached: 'net_null1' });
    expect(await testpmd.ports()).to.deep.equal(['net_null0']);
    expect(await testpmd.devices()).to.deep.equal(['net_null0']);

    const again = await hotplug('detach', 'net_null1');
    expect(again).to.include({ status: 2, stdout: '' });
    expect(again.stderr).to.match(/^dpdk-ipc: Can't detach 'net_null1' \(ENOENT\)/);
    expect(again.stderr).not.to.contain('doctor');
    // the primary goes on
    expect(await testpmd.ports()).to.deep.equal(['net_null0']);
  });

  it('ends with status 2 and says what is wrong', async () => {
    const [nobody, crash, time] = await Promise.all([
      hotplug('list'),
      hotplug('attach', 'class=eth'),
      hotplug('attach', 'net_null1', '--timeout', 'soon'),
    ]);
    expect([nobody, crash, time].map(({ status }) => status)).to.deep.equal([2, 2, 2]);
    expect([nobody, crash, time].map(({ stdout }) => stdout)).to.deep.equal(['', '', '']);
    expect(nobody.stderr).to.contain('start it');
    expect(existsSync(peers.runtimeDir)).to.equal(false);
    expect(crash.stderr).to.contain('names no bus');
    expect(time.stderr).to.contain('Give milliseconds');
  });

  it('says that a Node primary has no devices', async () => {
    await using primary = await openPrimary({ filePrefix: peers.filePrefix });
    const [attached, listed] = await Promise.all([hotplug('attach', 'net_null1'), hotplug('list')]);
    expect([attached.status, listed.status]).to.deep.equal([2, 2]);
    expect(primary.stats.received).to.equal(2);
    expect(attached.stderr).to.contain("The primary can't attach devices");
    expect(listed.stderr).to.contain("The primary can't list devices");
  });
});
