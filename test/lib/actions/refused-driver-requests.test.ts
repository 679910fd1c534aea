// dpdk-pdump and some drivers read the one answer that they expect without a check that it is there: an IGN ends them with SIGSEGV.
import { expect } from 'chai';
import { live } from '../../live/support/live.js';
import { takeOver } from '../../live/support/take-over.js';
import { needsTestpmd, Pdump, Testpmd } from '../../support/dpdk/applications.js';
import { needsDriver } from '../../support/dpdk/needs-dpdk.js';

const ENOTSUP = -95;

describe('driver requests of C secondaries to a Node primary', () => {
  const scope = live('no-answer', { attachable: true });

  it('are answered with ENOTSUP: mlx5', async function () {
    needsDriver(this, 'common_mlx5');
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    await takeOver(scope);
    for (const request of ['fd 3', 'mr 1 2', 'pool 1 2 1 1', 'state 7 1 258 2'])
      expect((await secondary.command(`mlx5 ${request}`)).fields.ret, request).to.equal(String(ENOTSUP));
  });

  it('are answered with ENOTSUP: ipsec_mb', async function () {
    needsDriver(this, 'crypto_ipsec_mb');
    const primary = await scope.startPrimary({ args: ['--vdev', 'crypto_aesni_mb0'] });
    expect((await primary.command('crypto 0 2')).fields.ret).to.equal('0');
    const secondary = await scope.startSecondary();
    await takeOver(scope);
    expect((await secondary.command('queuepair 0 1 256')).fields.ret).to.equal(String(ENOTSUP));
  });

  it('are left unanswered: dpdk-pdump ends its capture cleanly', async function () {
    needsTestpmd(this);
    await Testpmd.start(scope.peers, { hugepages: true, args: ['--vdev', 'net_null0'] });
    const pdump = await Pdump.start(scope.peers, 'net_null0');
    const primary = await takeOver(scope);
    pdump.kill('SIGINT');
    expect(await pdump.exited).to.deep.equal({ code: 0, signal: null });
    expect(primary.stats.dropped['no-action']).to.be.at.least(1);
  });
});
