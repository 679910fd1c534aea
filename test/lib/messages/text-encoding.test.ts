// Names, paths and texts on the wire: bytes that should be UTF-8.
import { expect } from 'chai';
import { openPrimary, openSecondary } from '../../../lib/index.js';
import { encodeMessage, MpType } from '../../../protocol/index.js';
import { needsDpdk } from '../../support/dpdk/needs-dpdk.js';
import { peersFor } from '../../support/dpdk/peers-for.js';
import { pathAddress, RawSender } from '../../support/raw-sender.js';
import { nextDatagram, StageScope } from '../../support/stage.js';

describe('text with a byte order mark', () => {
  const peers = peersFor('bom');
  before('DPDK', async function () {
    await needsDpdk(this);
  });

  it('keeps it on the way to a C primary and back', async () => {
    const { filePrefix } = await peers.start({ role: 'primary', hugepages: false, bigZone: false });
    await using channel = await openSecondary({ filePrefix, visibility: 'private' });
    using reply = await channel.request({ name: 'echo', param: '\ufefftext' });
    expect(reply.msgs[0]?.text()).to.equal('\ufefftext');
  });
});

// an answer under the decoded name would reach no request, or be too long
describe("a request whose name isn't UTF-8", () => {
  const scope = new StageScope();

  for (const length of [1, 60]) {
    it(`is counted and gets no answer (${length} bytes)`, async () => {
      const { stage } = scope;
      const primary = await scope.keep(openPrimary(stage.options));
      const errors: unknown[] = [];
      primary.on('error', (error) => errors.push(error));
      const raw = stage.socket('mp_socket_1_a');
      const bytes = encodeMessage('332/8', MpType.REQ, { name: 'x'.repeat(length) });
      bytes.fill(0xff, 4, 4 + length);
      raw.send(bytes, [], stage.primaryPath);
      raw.send(encodeMessage('332/8', MpType.REQ, { name: 'größe' }), [], stage.primaryPath);
      const ignored = await nextDatagram(raw);
      expect(Buffer.from(ignored.bytes).toString('utf8', 4, 11)).to.equal('größe');
      expect(raw.receive()).to.equal(undefined);
      expect(primary.stats.dropped['no-action']).to.equal(2);
      expect(errors).to.deep.equal([]);
    });
  }
});

describe("a sender whose path isn't UTF-8", () => {
  const scope = new StageScope();

  it('gets no answer, and each is counted as an unsent reply', async () => {
    const { stage } = scope;
    const primary = await scope.keep(openPrimary(stage.options));
    const errors: unknown[] = [];
    primary.on('error', (error) => errors.push(error));
    const peers: string[] = [];
    const asked = new Promise<void>((resolve) => {
      primary.registerAction('ask', (_msg, peer) => {
        peers.push(peer.path);
        if (peers.length === 2) setImmediate(resolve);
        return {};
      });
    });
    for (const length of [3, 107 - stage.directory.length - 1]) {
      const path = Buffer.concat([Buffer.from(`${stage.directory}/`), Buffer.alloc(length, 0xff)]);
      const sender = new RawSender().bind(pathAddress(path));
      sender.target = pathAddress(stage.primaryPath);
      const result = sender.send(encodeMessage('332/8', MpType.REQ, { name: 'ask' }), []);
      sender.close();
      expect(result).to.equal(0);
    }
    await asked;
    expect(peers).to.deep.equal(['', '']);
    expect(primary.stats.dropped['unsent-reply']).to.equal(2);
    expect(errors).to.deep.equal([]);
  });
});
