// `text()` left out the three bytes of a byte order mark at the beginning: what was sent back was another text.
import { expect } from 'chai';
import { openSecondary } from '../../lib/index.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { peersFor } from '../support/dpdk/peers-for.js';

describe('regression: a text that begins with a byte order mark', () => {
  const peers = peersFor('bom');
  before('DPDK', async function () {
    await needsDpdk(this);
  });

  it('comes back from a C primary as it was', async () => {
    const { filePrefix } = await peers.start({ role: 'primary', hugepages: false, bigZone: false });
    await using channel = await openSecondary({ filePrefix, visibility: 'private' });
    using reply = await channel.request({ name: 'echo', param: '\ufefftext' });
    expect(reply.msgs[0]?.text()).to.equal('\ufefftext');
  });
});
