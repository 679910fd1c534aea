// Actions of NIC drivers, in exchange with the unmodified drivers; none of them needs the hardware for it.
import { expect } from 'chai';
import {
  decodeEna,
  decodeHns3,
  decodeMlx4,
  decodeMlx5,
  ENA_ACTION,
  type EnaMessage,
  EnaType,
  encodeEna,
  encodeHns3,
  encodeMlx4,
  encodeMlx5,
  HNS3_ACTION,
  Hns3Type,
  MLX4_ACTION,
  MLX5_ACTION,
  Mlx4Type,
  type Mlx5Message,
  Mlx5Type,
} from '../../protocol/drivers/index.js';
import { live } from '../live/support/live.js';
import { takeOver } from '../live/support/take-over.js';
import { withFds } from '../support/descriptors.js';
import { fakePci, needsFakeDevices, PCI_ADDRESS } from '../support/dpdk/fake-devices.js';
import { needsDriver } from '../support/dpdk/needs-dpdk.js';

describe('EAL actions: a port of hns3 in a C secondary', () => {
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

describe('EAL actions: the ena driver of a C primary', () => {
  const scope = live('ena', { attachable: true });
  before('a PCI device', function () {
    needsDriver(this, 'net_ena');
    needsFakeDevices(this);
  });

  it('answers for a device that it can not reach', async () => {
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

describe('EAL actions: a port of mlx4 in a C secondary', () => {
  const scope = live('mlx4', { attachable: true });
  before('a PCI device', function () {
    needsDriver(this, 'net_mlx4');
    needsFakeDevices(this);
  });

  it('stops it for Node', async () => {
    // the driver gives its device up, but goes on answering; for any port, as all it changes is which functions send and receive
    const memory = await scope.startPrimary({ args: ['--vdev', 'net_null0'] });
    await memory.command('reserve mlx4_pmd_shared_data 4096');
    const device = fakePci(scope.peers, { vendor: '0x15b3', device: '0x1003' });
    await scope.startSecondary({ device });
    const primary = await takeOver(scope);
    const stop = { type: Mlx4Type.STOP_RXTX, portId: 0 };
    using reply = await primary.request({ name: MLX4_ACTION, param: encodeMlx4(stop) });
    const answers = reply.msgs.map(({ param }) => [param.length, decodeMlx4(param)]);
    expect(answers).to.deep.equal([[24, { ...stop, result: 0, address: 0n }]]);
  });
});

describe('EAL actions: the mlx5 driver of a C secondary', () => {
  const scope = live('mlx5', { attachable: true });
  before('its library', function () {
    needsDriver(this, 'common_mlx5');
  });
  it('asks Node, and takes its answers', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const primary = await takeOver(scope);
    const asked: Mlx5Message[] = [];
    await withFds(['verbs'], async (fds) => {
      primary.registerAction(MLX5_ACTION, ({ param }) => {
        const request = decodeMlx5(param);
        asked.push(request);
        expect(param).to.have.length(40);
        const { type, portId } = request;
        if (type !== Mlx5Type.VERBS_CMD_FD) return { param: encodeMlx5({ type, portId, result: -5 }) };
        return { param: encodeMlx5({ type, portId }), fds };
      });
      const brought = await secondary.command('mlx5 fd 3');
      expect(brought.fields.ret).to.equal('0');
      expect(brought.fields.file).to.match(/^\//);
      for (const request of [
        'mr 0x1122334455667788 0x99aabbccddeeff00',
        'pool 1 2 1 1',
        'pool 3 4 0 0',
        'state 7 1 258 2',
      ])
        expect((await secondary.command(`mlx5 ${request}`)).fields.ret).to.equal('-5');
    });
    const region = { device: 0x1122334455667788n, address: 0x99aabbccddeeff00n };
    const expected: Parameters<typeof encodeMlx5>[0][] = [
      { type: Mlx5Type.VERBS_CMD_FD, portId: 3 },
      { type: Mlx5Type.CREATE_MR, ...region },
      { type: Mlx5Type.MEMPOOL_REGISTER, device: 1n, address: 2n, isExternal: true },
      { type: Mlx5Type.MEMPOOL_UNREGISTER, device: 3n, address: 4n },
      { type: Mlx5Type.QUEUE_STATE_MODIFY, portId: 7, queue: 258, isWorkQueue: true, state: 2 },
    ];
    expect(asked).to.deep.equal(expected.map((message) => decodeMlx5(encodeMlx5(message))));
  });
});
