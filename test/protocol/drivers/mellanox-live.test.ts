// Actions of mlx4 and mlx5, in exchange with the unmodified drivers; neither needs the hardware for it.
import { expect } from 'chai';
import {
  decodeMlx4,
  decodeMlx5,
  encodeMlx4,
  encodeMlx5,
  MLX4_ACTION,
  MLX5_ACTION,
  Mlx4Type,
  type Mlx5Message,
  Mlx5Type,
} from '../../../protocol/drivers/index.js';
import { live } from '../../live/support/live.js';
import { takeOver } from '../../live/support/take-over.js';
import { withFds } from '../../support/descriptors.js';
import { fakePci, needsFakeDevices } from '../../support/dpdk/fake-devices.js';
import { needsDriver } from '../../support/dpdk/needs-dpdk.js';

describe('a port of mlx4 in a C secondary', () => {
  const scope = live('mlx4', { attachable: true });
  before('a PCI device', function () {
    needsDriver(this, 'net_mlx4');
    needsFakeDevices(this);
  });

  it('is stopped by Node', async () => {
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

describe('the mlx5 driver of a C secondary', () => {
  const scope = live('mlx5', { attachable: true });
  before('its library', function () {
    needsDriver(this, 'common_mlx5');
  });
  it('asks Node, and takes descriptors and errnos for answers', async () => {
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
