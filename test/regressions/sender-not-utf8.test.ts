// A sender whose path is no UTF-8 was answered at another path; with a long one, EINVAL came on the 'error' event.
import { expect } from 'chai';
import { openPrimary } from '../../lib/index.js';
import { encodeMessage, MpType } from '../../protocol/index.js';
import { pathAddress, RawSender } from '../support/raw-sender.js';
import { StageScope } from '../support/stage.js';

describe('regression: a sender whose path is no UTF-8', () => {
  const scope = new StageScope();

  it('counts as one that can not be answered', async () => {
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
