// `dpdk-ipc listen` took the first message that could not be used for its own failure: it said so twice, and ended with status 2 at
// Ctrl-C.
import { expect } from 'chai';
import { needsCli, RunningCli } from '../support/cli.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { peersFor } from '../support/dpdk/peers-for.js';

describe('regression: dpdk-ipc listen', () => {
  const peers = peersFor('listen-error');
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this);
  });

  it('goes on after a message that is of no use', async () => {
    const primary = await peers.start({ role: 'primary', hugepages: false, bigZone: false });
    const listener = new RunningCli(['listen', 'news', '--count', '1', '--file-prefix', peers.filePrefix]);
    peers.defer(() => {
      listener.kill();
      return listener.ended;
    });
    await listener.errLine(/^listening as /);
    await primary.command('req eal_dev_mp_request short 5000');
    await primary.command('bcast news good');
    const { status, stdout, stderr } = await listener.ended;
    expect(stderr).to.match(/A hotplug request has 5 bytes/);
    expect(stderr).not.to.contain('dpdk-ipc:');
    expect(stdout).to.match(/ news from .*: good\n$/);
    expect(status).to.equal(0);
  });
});
