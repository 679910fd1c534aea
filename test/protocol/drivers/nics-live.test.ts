// Actions of NIC drivers, in exchange with the unmodified drivers; none of them needs the hardware for it.
import { expect } from 'chai';
import {
  decodeEna,
  decodeHns3,
  ENA_ACTION,
  type EnaMessage,
  EnaType,
  encodeEna,
  encodeHns3,
  HNS3_ACTION,
  Hns3Type,
} from '../../../protocol/drivers/index.js';
import { live } from '../../live/support/live.js';
import { takeOver } from '../../live/support/take-over.js';
import { fakePci, needsFakeDevices, PCI_ADDRESS } from '../../support/dpdk/fake-devices.js';
import { needsDriver } from '../../support/dpdk/needs-dpdk.js';

describe('a port of hns3 in a C secondary', () => {
  const scope = live('hns3', { attachable: true });
  before('a PCI device', function () {
    needsDriver(this, 'net_hns3');
    needsFakeDevices(this);
  });

  it('is started and stopped by Node', async () => {
    const memory = await scope.startPrimary();
    expect((await memory.command(`port ${PCI_ADDRESS}`)).fields.ret).to.equal('0');
    const device = fakePci(scope.peers, { vendor: '0x19e5', device: '0xa221' });
    const secondary = await scope.startSecondary({ device, args: ['--log-level=pmd.net.hns3.init:info'] });
    const primary = await takeOver(scope);
    for (const type of Object.values(Hns3Type)) {
      using reply = await primary.request({ name: HNS3_ACTION, param: encodeHns3({ type, portId: 0 }) });
      const answers = reply.msgs.map(({ param }) => [param.length, decodeHns3(param)]);
      expect(answers).to.deep.equal([[12, { type, portId: 0, result: 0 }]]);
    }
    await secondary.killAndReadAll();
    expect(secondary.stderr.match(/port 0 \w+ing (?:Tx )?datapath/g)).to.deep.equal([
      'port 0 starting datapath',
      'port 0 stopping datapath',
      'port 0 starting Tx datapath',
      'port 0 stopping Tx datapath',
    ]);
  });
});

describe('the ena driver of a C primary', () => {
  const scope = live('ena', { attachable: true });
  before('a PCI device', function () {
    needsDriver(this, 'net_ena');
    needsFakeDevices(this);
  });

  it('answers with an errno for a device that it can not reach', async () => {
    const device = fakePci(scope.peers, { vendor: '0x1d0f', device: '0xec20' });
    // the driver gives the device up, as it has no registers, but goes on answering
    const primary = await scope.startPrimary({ device });
    const channel = await scope.open();
    const ask = async (message: Pick<EnaMessage, 'type' | 'portId'> & Partial<EnaMessage>) => {
      using reply = await channel.request({ name: ENA_ACTION, param: encodeEna(message) });
      return reply.msgs.map(({ param }) => [param.length, decodeEna(param)]);
    };
    const unknown = { type: EnaType.IND_TBL_SET, portId: 3 };
    expect(await ask(unknown)).to.deep.equal([[16, { ...unknown, result: -19, mtu: 0 }]]);
    // of no features, and with nothing to send commands to
    expect((await primary.command('port 0000:7d:00.1')).fields.ret).to.equal('0');
    const mtu = { type: EnaType.MTU_SET, portId: 0 };
    expect(await ask({ ...mtu, mtu: 9000 })).to.deep.equal([[16, { ...mtu, result: -95, mtu: 0 }]]);
    const stats = { type: EnaType.ENI_STATS_GET, portId: 0 };
    expect(await ask(stats)).to.deep.equal([[16, { ...stats, result: -19, mtu: 0 }]]);
  });
});
