// Queue pairs of the ipsec_mb drivers, which secondaries ask the primary for.
import { expect } from 'chai';
import {
  decodeIpsecMb,
  encodeIpsecMb,
  IPSEC_MB_ACTION,
  type IpsecMbMessage,
  IpsecMbType,
} from '../../../protocol/drivers/index.js';
import { live } from '../../live/support/live.js';
import { takeOver } from '../../live/support/take-over.js';
import { needsDriver } from '../../support/dpdk/needs-dpdk.js';

describe('queue pairs of a crypto device', () => {
  const scope = live('crypto', { attachable: true });
  before('its driver', function () {
    needsDriver(this, 'crypto_ipsec_mb');
  });

  /** A C primary with a device of two queue pairs, none of them set up. */
  async function startPrimary() {
    const primary = await scope.startPrimary({ args: ['--vdev', 'crypto_aesni_mb0'] });
    const { fields } = await primary.command('crypto 0 2');
    expect(fields.ret).to.equal('0');
    return primary;
  }

  it('are set up and freed by a C primary for Node', async () => {
    await startPrimary();
    const channel = await scope.open();
    const ask = async (message: Partial<IpsecMbMessage> & { type: number }) => {
      using reply = await channel.request({ name: IPSEC_MB_ACTION, param: encodeIpsecMb(message) });
      // not param: C doesn't say how long its answer is
      return reply.msgs.map(({ paramArea }) => decodeIpsecMb(paramArea));
    };
    const answer = {
      type: 0,
      device: 0,
      queuePair: 0,
      socketId: 0,
      processId: 0,
      descriptors: 0,
      sessions: 0n,
    };
    const set = { type: IpsecMbType.QP_SET, queuePair: 1, socketId: -1, processId: 7 };
    // no ring has so many
    expect(await ask({ ...set, descriptors: 3 })).to.deep.equal([{ ...answer, result: -22 }]);
    expect(await ask({ ...set, descriptors: 128 })).to.deep.equal([{ ...answer, result: 0 }]);
    expect(await ask({ type: IpsecMbType.QP_FREE, queuePair: 1, processId: 7 })).to.deep.equal([
      { ...answer, result: 0 },
    ]);
  });

  it('are what a C secondary asks Node for', async () => {
    await startPrimary();
    const secondary = await scope.startSecondary();
    const primary = await takeOver(scope);
    const asked: IpsecMbMessage[] = [];
    primary.registerAction(IPSEC_MB_ACTION, ({ param }) => {
      const request = decodeIpsecMb(param);
      asked.push(request);
      return { param: encodeIpsecMb({ ...request, result: -12 }) };
    });
    expect((await secondary.command('queuepair 0 1 256')).fields.ret).to.equal('-12');
    const processId = secondary.pid & 0xffff;
    const request = { type: IpsecMbType.QP_SET, device: 0, queuePair: 1, socketId: -1, processId };
    expect(asked).to.have.length(1);
    expect(asked[0]).to.include({ ...request, descriptors: 256, sessions: 0n });
  });
});
