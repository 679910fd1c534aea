// `dpdk-ipc send` looked for the primary's socket once the message was sent: of one that ended as it had got it, it said "to undefined".
import { expect } from 'chai';
import { cli, needsCli, RunningCli } from '../support/cli.js';
import { peersFor } from '../support/dpdk/peers-for.js';

describe('regression: dpdk-ipc send', () => {
  const peers = peersFor('send-to-none');
  before('the command line', function () {
    needsCli(this);
  });

  it('says where it sent to, also of a primary that ends at once', async () => {
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
