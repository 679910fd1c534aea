// Hotplug among C and Node processes: a Node secondary takes part, and keeps no other process from it.
import { expect } from 'chai';
import { hotplug } from '../../../lib/index.js';
import { live } from '../../live/support/live.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { rejected } from '../../support/mp-error.js';
import { devicesOf, driverArgs } from './support.js';

describeReleases('hotplug: C secondaries', (release) => {
  const scope = live('hotplug3', { attachable: true, release });

  it('attach and detach devices on request of a Node secondary', async () => {
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

  it('can attach and detach devices, which a Node secondary hears of', async () => {
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

  it('are no longer asked when they were killed', async () => {
    const args = driverArgs(release);
    const primary = await scope.startPrimary({ args });
    const secondary = await scope.startSecondary({ args });
    secondary.kill();
    await secondary.exited;
    await hotplug(await scope.open()).attach('net_null3');
    expect(await devicesOf(primary)).to.deep.equal({ net_null3: '1' });
  });

  // an EAL that finds its drivers itself has all of them
  const [option, bus] = driverArgs(release);
  if (option === undefined || bus === undefined) return;

  it('make the primary undo the attach everywhere when they lack the driver', async () => {
    const primary = await scope.startPrimary({ args: driverArgs(release) });
    const secondary = await scope.startSecondary({ args: [option, bus] });
    const error = await rejected('EFAULT', hotplug(await scope.open()).attach('vdev:net_null4'));
    expect(error.message).to.contain('undone in all of them');
    expect(await devicesOf(primary)).to.deep.equal({});
    expect(await devicesOf(secondary)).to.deep.equal({});
  });
});
