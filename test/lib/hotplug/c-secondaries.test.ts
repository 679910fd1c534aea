// Hotplug among C processes and Node ones: a Node secondary takes part, and is in nobody's way.
import { expect } from 'chai';
import { hotplug } from '../../../lib/index.js';
import { live } from '../../live/support/live.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { rejected } from '../../support/mp-error.js';
import { devicesOf, driverArgs } from './support.js';

describeReleases('hotplug: C secondaries', (release) => {
  const scope = live('hotplug3', { attachable: true, release });

  it('attach and detach what Node asks for', async () => {
    const args = driverArgs(release);
    const primary = await scope.startPrimary({ args });
    const secondary = await scope.startSecondary({ args });
    const on = hotplug(await scope.open());
    await on.attach('vdev:net_null1');
    expect(await devicesOf(primary)).to.deep.equal({ net_null1: '1' });
    expect(await devicesOf(secondary)).to.deep.equal({ net_null1: '1' });
    await on.detach('net_null1');
    expect(await devicesOf(primary)).to.deep.equal({});
    expect(await devicesOf(secondary)).to.deep.equal({});
  });

  it('can attach and detach while Node looks on', async () => {
    const args = driverArgs(release);
    const primary = await scope.startPrimary({ args });
    const secondary = await scope.startSecondary({ args });
    const on = hotplug(await scope.open());
    const seen: string[] = [];
    on.on('attach', ({ devargs }) => seen.push(`attach ${devargs}`));
    on.on('detach', ({ devargs }) => seen.push(`detach ${devargs}`));
    expect((await secondary.command('attach vdev:net_null2')).fields.ret).to.equal('0');
    expect(await devicesOf(primary)).to.deep.equal({ net_null2: '1' });
    expect(await on.list()).to.deep.equal([{ name: 'net_null2' }]);
    expect((await secondary.command('detach net_null2')).fields.ret).to.equal('0');
    expect(await devicesOf(primary)).to.deep.equal({});
    expect(seen).to.deep.equal(['attach vdev:net_null2', 'detach vdev:net_null2,']);
  });

  it('that are killed are no longer asked', async () => {
    const args = driverArgs(release);
    const primary = await scope.startPrimary({ args });
    const secondary = await scope.startSecondary({ args });
    secondary.kill();
    await secondary.exited;
    await hotplug(await scope.open()).attach('net_null3');
    expect(await devicesOf(primary)).to.deep.equal({ net_null3: '1' });
  });

  // an EAL that finds its drivers itself has them all
  const [option, bus] = driverArgs(release);
  if (option === undefined || bus === undefined) return;

  it('without the driver make it undone everywhere', async () => {
    const primary = await scope.startPrimary({ args: driverArgs(release) });
    const secondary = await scope.startSecondary({ args: [option, bus] });
    const error = await rejected('EFAULT', hotplug(await scope.open()).attach('vdev:net_null4'));
    expect(error.message).to.contain('undone in all of them');
    expect(await devicesOf(primary)).to.deep.equal({});
    expect(await devicesOf(secondary)).to.deep.equal({});
  });
});
