// Requests and messages of a Node secondary to a C primary of each release, and the answers.
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import { descriptorsSeen, EVERY_BYTE, expectServing, only, WAYS } from '../live/support/asking.js';
import { live } from '../live/support/live.js';
import { contents, isOpen, withFds } from '../support/descriptors.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { describeReleases } from '../support/dpdk/releases.js';
import { rejected } from '../support/mp-error.js';
import {
  descriptorCounts,
  EXPECTED,
  expectDialect,
  firstBytes,
  numbers,
  pipeBytes,
} from './support/expected.js';

describeReleases('matrix: a Node secondary to a C primary', (release) => {
  // before the scope, whose own hooks end the primary
  afterEach('the primary still serves', () => expectServing(primary, channel));

  const scope = live('to-c', { release });
  const { dialect, maxFds } = EXPECTED[release];
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  it('finds the dialect that the primary itself names', () => {
    expectDialect(channel, release);
    const ready = primary.lines.find(({ event }) => event === 'READY');
    expect(ready?.fields.version).to.contain(`DPDK ${release}.`);
    expect(`${ready?.fields.wire_size}/${ready?.fields.max_fds}`).to.equal(dialect);
  });

  for (const [way, ask] of Object.entries(WAYS)) {
    it(`${way}: 0 and 256 bytes there and back`, async () => {
      for (const param of [new Uint8Array(), EVERY_BYTE]) {
        using reply = await ask(channel, { name: 'echo', param });
        expect(only(reply).param).to.deep.equal(param);
        const { fields } = await primary.waitFor(/^got name=echo/);
        expect(fields.hex).to.equal(Buffer.from(param).toString('hex'));
      }
    });

    for (const count of descriptorCounts(release)) {
      it(`${way}: ${count} descriptors there and back, in order`, async () => {
        await withFds(numbers(count), async (fds) => {
          using reply = await ask(channel, { name: 'echo', param: EVERY_BYTE, fds });
          expect(contents(only(reply).fds)).to.deep.equal(numbers(count));
          expect(only(reply).param).to.deep.equal(EVERY_BYTE);
          expect(fds.every(isOpen)).to.equal(true);
        });
      });

      it(`${way}: 256 bytes and ${count} descriptors that the primary made`, async () => {
        using reply = await ask(channel, { name: 'bigrep', param: Uint8Array.of(count) });
        expect(only(reply).param).to.deep.equal(EVERY_BYTE);
        expect(firstBytes(only(reply).fds)).to.deep.equal(pipeBytes(count, 0));
      });
    }

    it(`${way}: gets back what the primary reads through the descriptor`, async () => {
      await withFds(['Q'], async (fds) => {
        using reply = await ask(channel, { name: 'fdecho', fds });
        expect(only(reply).text()).to.equal('Q');
        expect(contents(only(reply).fds)).to.deep.equal(['Q']);
      });
    });

    it(`${way}: rejects more than ${maxFds} descriptors, and sends nothing`, async () => {
      await withFds(['x'], async ([fd = -1]) => {
        const fds = Array.from({ length: maxFds + 1 }, () => fd);
        await rejected(
          'E2BIG',
          Promise.resolve().then(() => ask(channel, { name: 'echo', fds })),
        );
      });
      expect(channel.stats.sent).to.equal(0);
    });

    it(`${way}: times out for an action that the primary doesn't have`, async () => {
      await rejected(
        'ETIMEDOUT',
        Promise.resolve().then(() => ask(channel, { name: 'unknown' }, { timeoutMs: 50 })),
      );
    });
  }

  for (const count of descriptorCounts(release)) {
    it(`sendMessage: ${count} descriptors and 256 bytes`, async () => {
      await withFds(numbers(count), (fds) => channel.sendMessage({ name: 'silent', param: EVERY_BYTE, fds }));
      const line = await primary.waitFor(/^got name=silent/);
      expect(descriptorsSeen(line)).to.deep.equal(numbers(count));
      expect(line.fields.hex).to.equal(Buffer.from(EVERY_BYTE).toString('hex'));
    });
  }

  it('sendMessage: an empty param, and in order with the next one', async () => {
    await channel.sendMessage({ name: 'silent' });
    await channel.sendMessage({ name: 'silent', param: 'second' });
    const first = await primary.waitFor(/^got name=silent/);
    expect(first.fields).to.include({ len: '0', nfds: '0' });
    expect((await primary.waitFor(/^got name=silent/)).fields.text).to.equal('second');
  });
});
