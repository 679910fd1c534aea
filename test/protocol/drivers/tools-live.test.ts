// Packet capture and the end of testpmd, in exchange with a live testpmd and dpdk-pdump.
import { expect } from 'chai';
import { hotplug } from '../../../lib/index.js';
import {
  decodePdumpRequest,
  decodePdumpResponse,
  decodeTestpmdRequest,
  decodeTestpmdResponse,
  encodePdumpRequest,
  encodePdumpResponse,
  encodeTestpmdRequest,
  encodeTestpmdResponse,
  PDUMP_ACTION,
  PDUMP_ALL_QUEUES,
  PdumpFlags,
  PdumpOp,
  type PdumpRequest,
  PdumpVersion,
  pdumpFormatOf,
  TESTPMD_ACTION,
  TestpmdType,
} from '../../../protocol/drivers/index.js';
import { live } from '../../live/support/live.js';
import { takeOver, versionOf } from '../../live/support/take-over.js';
import { needsTestpmd, Pdump, Testpmd } from '../../support/dpdk/applications.js';
import { settling } from '../../support/settling.js';

const args = ['--vdev', 'net_null0'];
const DPDK_22_11_11 = 0x160b0b00;

describe('packet capture with a live testpmd and dpdk-pdump', () => {
  const scope = live('pdump', { attachable: true });
  before('testpmd', function () {
    needsTestpmd(this);
  });

  const nothing: PdumpRequest = {
    version: PdumpVersion.V1,
    op: PdumpOp.DISABLE,
    flags: PdumpFlags.RX,
    device: 'net_null0',
    queue: 0,
    ring: 0n,
    mempool: 0n,
    filter: 0n,
    snaplen: 0,
  };

  it('is refused where there is none to end', async () => {
    await Testpmd.start(scope.peers, { hugepages: true, args: ['--vdev', 'net_null0'] });
    const channel = await scope.open();
    const format = pdumpFormatOf(versionOf(scope));
    const ask = async (param: Uint8Array) => {
      using reply = await channel.request({ name: PDUMP_ACTION, param });
      return decodePdumpResponse(reply.msgs[0]?.param ?? new Uint8Array());
    };
    const refused = { version: PdumpVersion.V1, op: PdumpOp.DISABLE, result: -22 };
    expect(await ask(encodePdumpRequest(format, nothing))).to.deep.equal(refused);
    const unknown = encodePdumpRequest(format, { ...nothing, device: 'net_null9' });
    expect(await ask(unknown)).to.deep.equal(refused);
  });

  it('goes on in the presence of a Node secondary, and ends with an answer of Node', async () => {
    await Testpmd.start(scope.peers, { hugepages: true, args: ['--vdev', 'net_null0'] });
    const watching = await scope.open();
    const attached: string[] = [];
    hotplug(watching).on('attach', ({ devargs }) => attached.push(devargs));
    // attaches a device on the way
    const pdump = await Pdump.start(scope.peers, 'net_null0');
    expect(attached.map((devargs) => devargs.split(',', 1)[0])).to.deep.equal(['vdev:net_pcap_rx_0']);
    await watching.close();

    const primary = await takeOver(scope);
    const ended = settling<PdumpRequest>();
    primary.registerAction(PDUMP_ACTION, ({ param }) => {
      const request = decodePdumpRequest(param);
      ended.resolve(request);
      return { param: encodePdumpResponse({ version: request.version, op: request.op, result: 0 }) };
    });
    pdump.kill('SIGINT');
    expect(await ended.promise).to.deep.equal({
      ...nothing,
      flags: PdumpFlags.RX | PdumpFlags.TX,
      queue: PDUMP_ALL_QUEUES,
    });
  });
});

describe('the end of a live testpmd', () => {
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
