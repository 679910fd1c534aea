// Devices of a live C primary, attached, listed and detached from Node; and what the primary asks Node secondaries meanwhile.
import { symlinkSync, unlinkSync } from 'node:fs';
import { expect } from 'chai';
import { hotplug, type MpError, MpTimeoutError } from '../../../lib/index.js';
import {
  DeviceRequestType,
  decodeDeviceRequest,
  encodeDeviceRequest,
  MpType,
} from '../../../protocol/index.js';
import { live } from '../../live/support/live.js';
import { RawPeer } from '../../live/support/raw-peer.js';
import { describeReleases } from '../../support/dpdk/releases.js';
import { rejected } from '../../support/mp-error.js';
import { settling } from '../../support/settling.js';
import { devicesOf, driverArgs } from './support.js';

describeReleases('hotplug: a C primary', (release) => {
  const scope = live('hotplug', { release });
  const startPrimary = () => scope.startPrimary({ args: driverArgs(release) });

  it('attaches, lists and detaches', async () => {
    const primary = await startPrimary();
    const on = hotplug(await scope.open());
    expect(await on.list()).to.deep.equal([]);
    await on.attach('vdev:net_null1');
    await on.attach('net_null2,size=128');
    expect(await on.list()).to.deep.equal([{ name: 'net_null1' }, { name: 'net_null2' }]);
    expect(await devicesOf(primary)).to.deep.equal({ net_null1: '1', net_null2: '1' });
    await on.detach('net_null1');
    await on.detach('vdev:net_null2,size=128');
    expect(await on.list()).to.deep.equal([]);
    expect(await devicesOf(primary)).to.deep.equal({});
  });

  it('accepts the layered syntax, and long names', async () => {
    await startPrimary();
    const on = hotplug(await scope.open());
    const name = `net_null${'1'.repeat(55)}`;
    await on.attach('bus=vdev,name=net_null3');
    await on.attach(name);
    expect(await on.list()).to.deep.equal([{ name: 'net_null3' }, { name }]);
    await on.detach('bus=vdev,name=net_null3');
    await on.detach(name);
  });

  it('attaches many devices at once, for several secondaries', async () => {
    const primary = await startPrimary();
    const both = [hotplug(await scope.open()), hotplug(await scope.open())];
    const names = Array.from({ length: 10 }, (_, i) => [`net_null${i}`, `net_null1${i}`] as const);
    await Promise.all(names.flatMap((pair) => both.map((on, i) => on.attach(`vdev:${pair[i]}`))));
    expect(Object.keys(await devicesOf(primary)).sort()).to.deep.equal(names.flat().sort());
    const lists = await Promise.all(both.map((on) => on.list()));
    for (const devices of lists)
      expect(devices.map(({ name }) => name).sort()).to.deep.equal(names.flat().sort());
    // each detaches what the other one attached
    await Promise.all(names.flatMap((pair) => both.map((on, i) => on.detach(`${pair[1 - i]}`))));
    expect(await devicesOf(primary)).to.deep.equal({});
  });

  it('attaches for a private channel, which can not list', async () => {
    const primary = await startPrimary();
    const channel = await scope.open({ visibility: 'private' });
    await hotplug(channel).attach('net_null1');
    expect(await devicesOf(primary)).to.deep.equal({ net_null1: '1' });
    const error = await rejected('ENOTSUP', hotplug(channel).list());
    expect(error.message).to.contain("visibility 'peer'");
  });

  it('refuses with an error that says what to do', async () => {
    const primary = await startPrimary();
    const on = hotplug(await scope.open());
    const refused = async (code: string, call: Promise<void>, hint: string) => {
      const error = await rejected(code, call);
      expect(error.message).to.contain(code).and.to.contain(hint);
      expect(error.errno).to.be.greaterThan(0);
    };
    await refused('ENOENT', on.detach('net_null9'), 'list those');
    await refused('EFAULT', on.attach('nobus:thing'), '-d');
    await refused('EFAULT', on.attach('vdev:net_nothing1'), '-d');
    await refused('EFAULT', on.detach('nobus:thing'), '-d');
    await refused('EPERM', on.attach('net_null4,x=[a'), 'log');
    await refused('ENODEV', on.attach('pci:ffff:ff:1f.7'), 'bus');
    // as in C, attaching a device that is there already succeeds
    await on.attach('net_null5');
    await on.attach('net_null5');
    expect((await devicesOf(primary)).net_null5).to.equal('1');
  });

  it('gets nothing that it would cut off, or crash from', async () => {
    const primary = await startPrimary();
    const channel = await scope.open();
    const on = hotplug(channel);
    const { sent } = channel.stats;
    for (const devargs of ['', 'net_null1\0', 'class=eth', 'bus', 'net_null1/class=eth', 'bus,class=eth']) {
      await rejected('EINVAL', on.attach(devargs));
      await rejected('EINVAL', on.detach(devargs));
    }
    for (const devargs of [`vdev:net_null1,${'x'.repeat(113)}`, `vdev:net_null${'1'.repeat(56)}`])
      await rejected('E2BIG', on.attach(devargs));
    await rejected('EINVAL', on.attach('net_null1', { timeoutMs: 0 }));
    expect(channel.stats.sent).to.equal(sent);
    expect((await primary.command('bcast any -')).fields.ret).to.equal('0');
  });

  it('asks every secondary, and undoes an attach or detach when one fails', async () => {
    const primary = await startPrimary();
    const channel = await scope.open();
    const on = hotplug(channel);
    const seen: string[] = [];
    for (const name of ['attach', 'detach', 'attachRollback', 'detachRollback'] as const)
      on.on(name, ({ devargs }) => seen.push(`${name} ${devargs}`));
    expect((await primary.command('attach vdev:net_null6')).fields.ret).to.equal('0');
    await on.attach('net_null7');
    expect((await primary.command('detach net_null6')).fields.ret).to.equal('0');
    expect(seen).to.deep.equal(['attach vdev:net_null6', 'attach net_null7', 'detach vdev:net_null6,']);
    // a secondary that can't be sent to counts as one that failed
    const nowhere = `${scope.runtimeDir}/mp_socket_nowhere`;
    symlinkSync('nothing', nowhere);
    const error = await rejected('ENOMSG', on.attach('net_null8'));
    expect(error.message).to.contain('undone');
    await rejected('ENOMSG', on.detach('net_null7'));
    unlinkSync(nowhere);
    expect(await devicesOf(primary)).to.deep.equal({ net_null7: '1' });
  });

  it('gets an answer from every Node secondary at once', async () => {
    const primary = await startPrimary();
    const silent = await scope.open({ unhandledRequests: 'silent' });
    const failing = await scope.open();
    const errors: unknown[] = [];
    failing.on('error', (error) => errors.push(error));
    hotplug(failing).on('attach', () => {
      throw new RangeError('on purpose');
    });
    expect((await primary.command('attach net_null1')).fields.ret).to.equal('0');
    expect((await primary.command('detach net_null1')).fields.ret).to.equal('0');
    expect(errors).to.have.length(1);
    expect(silent.stats).to.include({ received: 2, sent: 2 });
  });
});

describe('hotplug: a secondary that fails', () => {
  const scope = live('hotplug2');
  const startPrimary = () => scope.startPrimary({ args: driverArgs() });

  /** A raw secondary that answers each hotplug request with the result for its type, or not at all. */
  function answering(results: Readonly<Record<number, number>>): { types: number[]; asked: Promise<void> } {
    const raw = RawPeer.bind(scope, 'mp_socket_1_a');
    const types: number[] = [];
    const asked = settling();
    void (async () => {
      for (;;) {
        const { name, param, sender } = await raw.next();
        const request = decodeDeviceRequest(param);
        types.push(request.type);
        asked.resolve();
        const result = results[request.type];
        if (result !== undefined)
          raw.send(sender, MpType.REP, { name, param: encodeDeviceRequest({ ...request, result }) });
      }
    })();
    return { types, asked: asked.promise };
  }

  it('makes the primary undo the attach, which the error says', async () => {
    const primary = await startPrimary();
    const { types } = answering({ 0: -22, 1: -16, 2: 0, 3: 0 });
    const on = hotplug(await scope.open({ visibility: 'private' }));
    const error = await rejected('EINVAL', on.attach('net_null1'));
    expect(error.message).to.contain('undone in all of them');
    expect(types).to.deep.equal([DeviceRequestType.ATTACH, DeviceRequestType.ATTACH_ROLLBACK]);
    expect(await devicesOf(primary)).to.deep.equal({});
  });

  it('makes Node secondaries emit detachRollback', async () => {
    const primary = await startPrimary();
    answering({ 0: 0, 1: -16, 3: 0 });
    const seen: string[] = [];
    hotplug(await scope.open()).on('detachRollback', ({ devargs }) => seen.push(devargs));
    const on = hotplug(await scope.open({ visibility: 'private' }));
    await on.attach('net_null1');
    const error = await rejected('EBUSY', on.detach('net_null1'));
    expect(error.message).to.contain('undone in all of them');
    expect(seen).to.deep.equal(['net_null1']);
    expect(await devicesOf(primary)).to.deep.equal({ net_null1: '1' });
  });

  it('makes the call time out when it is silent', async () => {
    await startPrimary();
    answering({});
    const on = hotplug(await scope.open({ visibility: 'private' }));
    const error = await rejected('ETIMEDOUT', on.attach('net_null1', { timeoutMs: 300 }));
    expect(error).to.be.instanceOf(MpTimeoutError);
    expect(error.message).to.contain('may still be carried out').and.to.contain('10 s');
  });

  // takes 10 s, because the primary waits twice; C82a tests the primary's side
  if (process.env.DPDK_IPC_SLOW_CHECKS === '1') {
    it('makes the primary give up within the default timeout when it is silent', async () => {
      const primary = await startPrimary();
      const { types } = answering({});
      const on = hotplug(await scope.open({ visibility: 'private' }));
      const error = await rejected('ENOMSG', on.attach('net_null1'));
      expect(error.message).to.contain('did not answer within 5 s');
      expect(types).to.deep.equal([DeviceRequestType.ATTACH, DeviceRequestType.ATTACH_ROLLBACK]);
      expect(await devicesOf(primary)).to.deep.equal({});
    });
  }

  it('leaves a call of a dead primary to time out or fail with ECONNREFUSED', async () => {
    const primary = await startPrimary();
    const { asked } = answering({});
    const on = hotplug(await scope.open({ visibility: 'private' }));
    const attached = on.attach('net_null1', { timeoutMs: 1_000 }).catch((error: unknown) => error);
    await asked;
    primary.kill();
    await primary.exited;
    expect(['ETIMEDOUT', 'ECONNREFUSED']).to.include(((await attached) as MpError).code);
    await rejected('ECONNREFUSED', on.attach('net_null1', { timeoutMs: 1_000 }));
  });
});
