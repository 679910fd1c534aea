// Primaries that aren't C: answers and requests that are wrong or missing. Over the in-process network.
import { expect } from 'chai';
import { type Hotplug, hotplug, type MpChannel, type MpError, MpTimeoutError } from '../../../lib/index.js';
import { createMemoryNetwork } from '../../../lib/testing/index.js';
import {
  DEVICE_ACTION,
  DeviceRequestType,
  decodeDeviceRequest,
  encodeDeviceRequest,
  encodeVdev,
  VDEV_ACTION,
  VdevType,
} from '../../../protocol/index.js';
import { rejected } from '../../support/mp-error.js';

describe('hotplug: primaries that are not C processes', () => {
  let primary: MpChannel;
  let secondary: MpChannel;
  let on: Hotplug;

  beforeEach(async () => {
    const network = createMemoryNetwork();
    primary = await network.openPrimary();
    secondary = await network.openSecondary();
    on = hotplug(secondary);
  });
  afterEach(async () => {
    await secondary.close();
    await primary.close();
  });

  it('make calls fail with ENOTSUP when they have no such action', async () => {
    for (const asked of [on.attach('net_null0'), on.detach('net_null0'), on.list()]) {
      const error = await rejected('ENOTSUP', asked);
      expect(error.message).to.contain('no C process, or still starting');
    }
    const own = hotplug(primary);
    for (const asked of [own.attach('net_null0'), own.detach('net_null0'), own.list()])
      await rejected('ENOTSUP', asked);
  });

  it('can attach, detach and list devices', async () => {
    const asked: unknown[] = [];
    primary.registerAction(DEVICE_ACTION, ({ param }) => {
      asked.push(decodeDeviceRequest(param));
      return { param };
    });
    primary.registerAction(VDEV_ACTION, async () => {
      for (const name of ['net_a', 'net_b', 'net_a'])
        await primary.sendMessage({
          name: VDEV_ACTION,
          param: encodeVdev({ type: VdevType.SCAN_ONE, num: 1, name }),
        });
      return { param: encodeVdev({ type: VdevType.SCAN_REP, num: 2 }) };
    });
    await on.attach('net_a');
    await on.detach('net_b');
    expect(asked).to.deep.equal([
      { type: DeviceRequestType.ATTACH, devargs: 'net_a', result: 0 },
      { type: DeviceRequestType.DETACH, devargs: 'net_b', result: 0 },
    ]);
    const both = await Promise.all([on.list(), on.list()]);
    for (const devices of both) expect(devices).to.deep.equal([{ name: 'net_a' }, { name: 'net_b' }]);
  });

  it('make calls fail with EBADMSG when their answer is damaged', async () => {
    primary.registerAction(DEVICE_ACTION, () => ({ param: new Uint8Array(135) }));
    await rejected('EBADMSG', on.attach('net_a'));
    primary.registerAction(VDEV_ACTION, () => ({ param: new Uint8Array(71) }));
    await rejected('EBADMSG', on.list());
  });

  it('make list() fail with EAGAIN when they do not name all of their devices', async () => {
    primary.registerAction(VDEV_ACTION, () => ({ param: encodeVdev({ type: VdevType.SCAN_REP, num: 2 }) }));
    const error = await rejected('EAGAIN', on.list());
    expect(error.message).to.contain('has 2 devices').and.to.contain('try again');
  });

  it('make calls time out when they do not answer', async () => {
    primary.registerAction(DEVICE_ACTION, () => {});
    primary.registerAction(VDEV_ACTION, () => {});
    const [attach, list] = await Promise.all([
      rejected('ETIMEDOUT', on.attach('net_a', { timeoutMs: 20 })),
      rejected('ETIMEDOUT', on.list({ timeoutMs: 20 })),
    ]);
    expect(attach).to.be.instanceOf(MpTimeoutError);
    expect(attach.message).to.contain('may still be carried out');
    expect(list).to.be.instanceOf(MpTimeoutError);
    expect(list.message).to.contain('vdev bus');
    await rejected('ECANCELED', on.attach('net_a', { signal: AbortSignal.abort() }));
  });

  it('get IGN for a rollback, an unknown type and a damaged request', async () => {
    const errors: unknown[] = [];
    secondary.on('error', (error) => errors.push(error));
    const seen: string[] = [];
    on.on('attachRollback', ({ devargs }) => seen.push(devargs));
    const ask = async (param: Uint8Array) => (await primary.request({ name: DEVICE_ACTION, param })).nbSent;
    const { ATTACH_ROLLBACK } = DeviceRequestType;
    expect(await ask(encodeDeviceRequest({ type: ATTACH_ROLLBACK, devargs: 'net_a' }))).to.equal(0);
    expect(await ask(encodeDeviceRequest({ type: 99, devargs: 'net_b' }))).to.equal(0);
    expect(await ask(new Uint8Array(3))).to.equal(0);
    expect(seen).to.deep.equal(['net_a']);
    expect(errors.map((error) => (error as MpError).code)).to.deep.equal(['EBADMSG']);
  });

  it('may send names that were not asked for, or damaged ones', async () => {
    const errors: unknown[] = [];
    secondary.on('error', (error) => errors.push(error));
    const name = VDEV_ACTION;
    await primary.sendMessage({ name, param: encodeVdev({ type: VdevType.SCAN_ONE, name: 'net_old' }) });
    await primary.request({ name: 'has it come' });
    primary.registerAction(name, async () => {
      await primary.sendMessage({ name, param: new Uint8Array(9) });
      await primary.sendMessage({ name, param: encodeVdev({ type: VdevType.SCAN_REQ, name: 'net_not' }) });
      return { param: encodeVdev({ type: VdevType.SCAN_REP }) };
    });
    expect(await on.list()).to.deep.equal([]);
    expect(errors.map((error) => (error as MpError).code)).to.deep.equal(['EBADMSG']);
  });

  it('get the answer of an action that the user registered instead', async () => {
    secondary.registerAction(DEVICE_ACTION, ({ param }) => ({ param }));
    const request = encodeDeviceRequest({ type: DeviceRequestType.ATTACH, devargs: 'net_a' });
    using reply = await primary.request({ name: DEVICE_ACTION, param: request });
    expect(reply.nbReceived).to.equal(1);
    secondary.unregisterAction(DEVICE_ACTION);
    using ignored = await primary.request({ name: DEVICE_ACTION, param: request });
    expect(ignored.nbReceived).to.equal(0);
  });

  it('have one Hotplug object per channel', () => {
    expect(hotplug(secondary)).to.equal(on);
    expect(hotplug(primary)).not.to.equal(on);
  });
});
