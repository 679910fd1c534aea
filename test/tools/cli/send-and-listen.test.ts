// `dpdk-ipc send` and `listen` with messages and primaries that don't behave.
import { expect } from 'chai';
import { cli, needsCli, RunningCli } from '../../support/cli.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';

describe('dpdk-ipc listen', () => {
  const peers = peersFor('listen-error');
  before('DPDK and the command line', async function () {
    needsCli(this);
    await needsDpdk(this);
  });

  it("reports a message that it can't decode, and goes on with status 0", async () => {
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

describe('dpdk-ipc send', () => {
  const peers = peersFor('send-to-none');
  before('the command line', function () {
    needsCli(this);
  });

  it('prints the path that it sent to when the primary ends at once', async () => {
    const place = ['--file-prefix', peers.filePrefix];
    const listener = new RunningCli(['listen', 'last', '--primary', '--count', '1', ...place]);
    peers.defer(() => {
      listener.kill();
      return listener.ended;
    });
    await listener.errLine(/^listening as /);
    const { status, stdout } = await cli(['send', 'last', ...place]);
    expect({ status, stdout }).to.deep.equal({
      status: 0,
      stdout: `sent 'last' to ${peers.runtimeDir}/mp_socket\n`,
    });
    expect(await listener.ended).to.include({ status: 0 });
  });
});
