// A request whose name is no UTF-8 was answered with IGN under a name of U+FFFD, which its sender drops, or, with a longer
// name, with E2BIG on the channel's 'error' event: a peer could raise errors there.
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { nextDatagram, StageScope } from '../support/stage.js';

describe('regression: a request with a name that is no UTF-8', () => {
  const scope = new StageScope();

  for (const length of [1, 60]) {
    it(`of ${length} bytes is counted, and nothing is answered`, async () => {
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
