// A channel and the primary's memory: growth while the channel is a peer, restarts, mp_status.
import { expect } from 'chai';
import { type MpChannel, openSecondary, type SecondaryOptions } from '../../lib/index.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { peersFor } from '../support/dpdk/peers-for.js';
import { mpError } from '../support/mp-error.js';

describe('live: channel.memory', () => {
  before(async function () {
    await needsDpdk(this, { hugepages: 16 });
  });

  const scope = peersFor('chmem');

  async function open(options: SecondaryOptions = {}): Promise<MpChannel> {
    const channel = await openSecondary({ filePrefix: scope.filePrefix, ...options });
    scope.defer(() => channel.close());
    return channel;
  }

  it('shows memzones, writes them where asked, and sees what the primary writes', async () => {
    const primary = await scope.start({ role: 'primary' });
    const channel = await open({ memory: { writable: true } });
    const zone = channel.memory.lookup('SHARED_INFO');
    if (zone === undefined) throw new TypeError('no SHARED_INFO');
    zone.bytes.set([0xde, 0xad], 100);
    expect((await primary.command('peek SHARED_INFO 100 2')).fields.hex).to.equal('dead');
    await primary.command('poke SHARED_INFO 102 beef');
    expect([...zone.bytes.subarray(100, 104)]).to.deep.equal([0xde, 0xad, 0xbe, 0xef]);
    expect(channel.memory.version).to.match(/^\d\d\.\d\d\.\d+/);
  });

  it('lets the primary grow and shrink its memory, and shows new zones', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const channel = await open();
    const { memory } = channel;
    for (let i = 0; i < 3; i++) {
      expect((await primary.command(`reserve GROWN ${6 << 20}`)).fields.error).to.equal(undefined);
      await primary.command(`fill GROWN ${i}`);
      const zone = memory.lookup('GROWN');
      const first = zone?.bytes.slice(0, 64);
      expect((await primary.command('peek GROWN 0 64')).fields.hex).to.equal(
        Buffer.from(first ?? []).toString('hex'),
      );
      expect((await primary.command('free GROWN')).fields.ret).to.equal('0');
      expect(zone?.valid).to.equal(false);
      expect(memory.lookup('GROWN')).to.equal(undefined);
    }
    // answered by a handler: an unknown action would have been counted
    expect(channel.stats.received).to.be.greaterThan(0);
    expect(channel.stats.dropped['no-action']).to.equal(0);
  });

  it('does not delay the primary by lookups while it grows', async () => {
    const primary = await scope.start({ role: 'primary', bigZone: false });
    const channel = await open();
    const { memory } = channel;
    let grown = 0;
    const growing = (async () => {
      for (let i = 0; i < 10; i++) {
        if ((await primary.command(`reserve Z${i} ${4 << 20}`)).fields.error === undefined) grown++;
        await primary.command(`free Z${i}`);
      }
      return 'done';
    })();
    let lookups = 0;
    while ((await Promise.race([growing, new Promise(setImmediate)])) !== 'done') {
      memory.memzones();
      lookups++;
    }
    expect(grown).to.equal(10);
    expect(lookups).to.be.greaterThan(10);
  });

  it('throws ERESTARTED for zones of a primary that was replaced, and attaches to the new one', async () => {
    const primary = await scope.start({ role: 'primary' });
    const channel = await open();
    const { memory } = channel;
    const zone = memory.lookup('SHARED_INFO');
    primary.kill();
    await primary.exited;
    expect((await mpError(() => memory.lookup('SHARED_INFO'))).code).to.equal('ENOPRIMARY');
    await scope.start({ role: 'primary' });
    expect((await mpError(() => memory.lookup('SHARED_INFO'))).code).to.equal('ERESTARTED');
    expect((await mpError(() => zone?.bytes)).code).to.equal('ERESTARTED');
    await channel.request({ name: 'ping' });
    expect(channel.memory).to.not.equal(memory);
    expect(channel.memory.lookup('SHARED_INFO')?.valid).to.equal(true);
  });

  it('throws ENOPRIMARY without a primary, and ECANCELED after close', async () => {
    const channel = await open();
    expect((await mpError(() => channel.memory)).code).to.equal('ENOPRIMARY');
    await scope.start({ role: 'primary' });
    const { memory } = channel;
    await channel.close();
    expect((await mpError(() => memory.lookup('SHARED_INFO'))).code).to.equal('EBADF');
    expect((await mpError(() => channel.memory)).code).to.equal('ECANCELED');
  });

  it('keeps the primary from disabling multi-process as a peer, not as a private channel', async () => {
    const primary = await scope.start({ role: 'primary' });
    await open({ visibility: 'private' });
    const peer = await open();
    expect(peer.disable()).to.equal(false);
    expect((await primary.command('disable')).fields.ret).to.equal('0');
  });

  it('rejects a peer with ENOTSUP when the primary has disabled multi-process; a private channel may ask', async () => {
    const primary = await scope.start({ role: 'primary' });
    expect((await primary.command('disable')).fields.ret).to.equal('1');
    const refused = await mpError(openSecondary({ filePrefix: scope.filePrefix }));
    expect(refused.code).to.equal('ENOTSUP');
    const hidden = await open({ visibility: 'private' });
    expect((await hidden.request({ name: 'echo', param: 'x' })).msgs[0]?.text()).to.equal('x');
    expect(hidden.disable()).to.equal(true);
    expect((await primary.command('stats')).event).to.equal('stats');
  });
});
