// Short runs of `npm run fuzz`.
import { constants } from 'node:os';
import { expect } from 'chai';
import { pathAddress, RawSender } from '../support/raw-sender.js';
import { fuzzAnswers } from './support/answers.js';
import { fuzzDecoding } from './support/decoding.js';
import { fuzzReceiving, TARGETS } from './support/receiving.js';

const DATAGRAMS = 100_000;

describe('fuzz', () => {
  for (const id of ['332/8', '332/253', '340/253'] as const) {
    it(`finds the answer among random datagrams: ${id}`, async function () {
      this.timeout(120_000);
      expect(await fuzzAnswers(id, 1000, 1)).to.be.greaterThan(2000);
    });

    it(`decodes random datagrams or refuses them with a reason: ${id}`, function () {
      this.timeout(120_000);
      const { decoded, refused } = fuzzDecoding(id, DATAGRAMS, 1);
      expect(decoded).to.be.greaterThan(DATAGRAMS / 10);
      expect(refused).to.be.greaterThan(DATAGRAMS / 10);
    });
  }

  for (const target of TARGETS) {
    const { role, socketNamespace, dialect } = target;
    it(`handles random datagrams at a ${role}: ${dialect}, ${socketNamespace}`, async function () {
      this.timeout(120_000);
      const tally = await fuzzReceiving(target, Math.ceil(DATAGRAMS / TARGETS.length), 1);
      expect(tally.served).to.be.greaterThan(1000);
      expect(tally.malformed).to.be.greaterThan(1000);
    });
  }

  it('can not send 254 descriptors, which the kernel refuses', () => {
    const sender = new RawSender();
    sender.target = pathAddress('/nowhere');
    const fds = new Array<number>(254).fill(0);
    const results = [sender.send(new Uint8Array(1), fds), sender.send(new Uint8Array(1), fds, 2)];
    sender.close();
    expect(results).to.deep.equal([-constants.errno.EINVAL, -constants.errno.EINVAL]);
  });
});
