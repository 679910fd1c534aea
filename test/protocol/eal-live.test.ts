// EAL's own actions in exchange with live C processes, asked and asking. Hotplug has suites of its own: test/lib/hotplug.
import { expect } from 'chai';
import { hotplug } from '../../lib/index.js';
import {
  decodePdumpRequest,
  decodePdumpResponse,
  encodePdumpRequest,
  encodePdumpResponse,
  PDUMP_ACTION,
  PDUMP_ALL_QUEUES,
  PdumpFlags,
  PdumpOp,
  type PdumpRequest,
  PdumpVersion,
  pdumpFormatOf,
} from '../../protocol/drivers/index.js';
import {
  decodeVfio,
  encodeVfio,
  VFIO_ACTION,
  type VfioMessage,
  VfioResult,
  vfioRequestsOf,
} from '../../protocol/index.js';
import { live } from '../live/support/live.js';
import { takeOver, versionOf } from '../live/support/take-over.js';
import { withFds } from '../support/descriptors.js';
import { needsTestpmd, Pdump, Testpmd } from '../support/dpdk/applications.js';
import { describeReleases } from '../support/dpdk/releases.js';
import { settling } from '../support/settling.js';

describeReleases('EAL actions: a C secondary asks Node for VFIO', (release) => {
  const scope = live('vfio', { attachable: true, release });

  it('groups, and gets the descriptor', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const { GROUP } = vfioRequestsOf(versionOf(scope));
    const primary = await takeOver(scope);
    await withFds(['a group'], async (fds) => {
      const asked: VfioMessage[] = [];
      primary.registerAction(VFIO_ACTION, ({ param }) => {
        const request = decodeVfio(param);
        asked.push(request);
        if (request.value === 13) return { param: encodeVfio({ ...request, result: VfioResult.NO_FD }) };
        return { param: encodeVfio({ ...request, result: VfioResult.OK }), fds };
      });
      const bound = await secondary.command('vfio group 12');
      expect(bound.fields.ret).to.equal('0');
      expect(bound.fields.file).to.match(/^\//);
      expect((await secondary.command('vfio group 13')).fields.ret).to.equal('-2');
      expect(asked.map(({ request, value }) => [request, value])).to.deep.equal([
        [GROUP, 12],
        [GROUP, 13],
      ]);
    });
  });

  it('a container of its own, where there is such a thing', async () => {
    await scope.startPrimary();
    const secondary = await scope.startSecondary();
    const { CONTAINER, DEFAULT_CONTAINER } = vfioRequestsOf(versionOf(scope));
    const primary = await takeOver(scope);
    await withFds(['a container'], async (fds) => {
      const asked: number[] = [];
      primary.registerAction(VFIO_ACTION, ({ param }) => {
        const { request } = decodeVfio(param);
        asked.push(request);
        return { param: encodeVfio({ request, result: VfioResult.OK }), fds };
      });
      const { fields } = await secondary.command('vfio container');
      const isSeparate = DEFAULT_CONTAINER !== undefined;
      expect(fields.ret).to.equal(isSeparate ? '0' : '-1');
      expect(asked).to.deep.equal(isSeparate ? [CONTAINER] : []);
    });
  });
});

describe('EAL actions: packet capture with testpmd and dpdk-pdump', () => {
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
