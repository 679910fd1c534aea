// What a testpmd that ends tells its secondaries, with live ones on both sides.
import { expect } from 'chai';
import {
  decodeTestpmdRequest,
  decodeTestpmdResponse,
  encodeTestpmdRequest,
  encodeTestpmdResponse,
  TESTPMD_ACTION,
  TestpmdType,
} from '../../protocol/drivers/index.js';
import { live } from '../live/support/live.js';
import { takeOver, versionOf } from '../live/support/take-over.js';
import { needsTestpmd, Testpmd } from '../support/dpdk/applications.js';

const args = ['--vdev', 'net_null0'];
const DPDK_22_11_11 = 0x160b0b00;

describe('EAL actions: the end of a live testpmd', () => {
  const scope = live('testpmd', { attachable: true });
  before('testpmd', function () {
    needsTestpmd(this);
  });

  it('is told to a Node secondary, and waits for its answer', async () => {
    const testpmd = await Testpmd.start(scope.peers, { args });
    const channel = await scope.open();
    const asked: unknown[] = [];
    channel.registerAction(TESTPMD_ACTION, ({ param }) => {
      asked.push(decodeTestpmdRequest(param), param.length);
      return { param: encodeTestpmdResponse({ result: 0 }) };
    });
    const expected = versionOf(scope) < DPDK_22_11_11 ? [] : [{ type: TestpmdType.EXIT }, 4];
    testpmd.process.send('quit');
    expect(await testpmd.process.exited).to.include({ code: 0 });
    expect(asked).to.deep.equal(expected);
  });

  it('is what a testpmd secondary does when Node says so', async function () {
    await Testpmd.start(scope.peers, { hugepages: true, args });
    if (versionOf(scope) < DPDK_22_11_11) this.skip();
    const secondary = await Testpmd.start(scope.peers, { role: 'secondary' });
    const primary = await takeOver(scope);
    const ask = async (param: Uint8Array) => {
      using reply = await primary.request({ name: TESTPMD_ACTION, param });
      return reply.msgs.map((msg) => [msg.param.length, decodeTestpmdResponse(msg.param)]);
    };
    const unknown = encodeTestpmdRequest({ type: TestpmdType.EXIT }).fill(1, 0, 1);
    expect(await ask(unknown)).to.deep.equal([[4, { result: -22 }]]);
    expect(await ask(encodeTestpmdRequest({ type: TestpmdType.EXIT }))).to.deep.equal([[4, { result: 0 }]]);
    expect(await secondary.process.exited).to.include({ code: 0 });
  });
});
