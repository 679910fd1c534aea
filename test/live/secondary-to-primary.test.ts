// Requests and messages of a Node secondary to a C primary, and the answers.
import { closeSync, fstatSync } from 'node:fs';
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import { contents, isOpen, letters, withFds } from '../support/descriptors.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { rejected } from '../support/mp-error.js';
import { descriptorsSeen, EVERY_BYTE, expectServing, only, WAYS } from './support/asking.js';
import { live } from './support/live.js';

for (const [way, ask] of Object.entries(WAYS)) {
  describe(`live: ${way} of a secondary`, () => {
    const scope = live(way);
    let primary: CPeer;
    let channel: MpChannel;

    beforeEach(async () => {
      primary = await scope.startPrimary();
      channel = await scope.open();
    });

    it('gets text, and the primary sees it with a NUL', async () => {
      using reply = await ask(channel, { name: 'echo', param: 'hellö' });
      const message = only(reply);
      expect(message.name).to.equal('echo');
      expect(message.text()).to.equal('hellö');
      expect(message.param).to.have.length(7);
      expect((await primary.waitFor(/^got name=echo/)).fields.hex).to.equal('68656c6cc3b600');
    });

    it('is sent from a socket that no broadcast reaches', async () => {
      using _reply = await ask(channel, { name: 'echo' });
      const { fields } = await primary.waitFor(/^got name=echo/);
      expect(fields.peer).to.match(new RegExp(`^${scope.runtimeDir}/mp_reply_${process.pid}_[0-9a-f]+$`));
    });

    it('carries an empty param', async () => {
      using reply = await ask(channel, { name: 'echo' });
      expect(only(reply).param).to.have.length(0);
      expect((await primary.waitFor(/^got name=echo/)).fields).to.include({ len: '0', nfds: '0' });
    });

    it('carries 256 bytes there and back', async () => {
      using reply = await ask(channel, { name: 'echo', param: EVERY_BYTE });
      const { param, paramArea } = only(reply);
      expect(param).to.deep.equal(EVERY_BYTE);
      expect(paramArea).to.deep.equal(EVERY_BYTE);
    });

    it('shows the whole param area of a short answer', async () => {
      using reply = await ask(channel, { name: 'sum', param: Uint8Array.of(1, 2, 0xff) });
      const { param, paramArea } = only(reply);
      expect([...param]).to.deep.equal([2, 1, 0, 0]);
      expect(paramArea).to.have.length(256);
      expect(paramArea.subarray(0, 4)).to.deep.equal(param);
    });

    for (const count of [1, 8]) {
      it(`sends ${count} descriptors, in order, which stay open here`, async () => {
        await withFds(letters(count), async (fds) => {
          await rejected('ETIMEDOUT', ask(channel, { name: 'silent', fds }, { timeoutMs: 20 }));
          expect(fds.every(isOpen)).to.equal(true);
        });
        expect(descriptorsSeen(await primary.waitFor(/^got name=silent/))).to.deep.equal(letters(count));
      });

      it(`gets ${count} descriptors of the same files back, in order`, async () => {
        await withFds(letters(count), async (fds) => {
          using reply = await ask(channel, { name: 'echo', fds });
          const message = only(reply);
          expect(message.fds.map((fd) => fstatSync(fd).ino)).to.deep.equal(
            fds.map((fd) => fstatSync(fd).ino),
          );
          expect(contents(message.fds)).to.deep.equal(letters(count));
        });
      });
    }

    for (const name of ['fdecho', 'fd-echo']) {
      it(`${name}: gets back in a pipe what the primary read through the descriptor`, async () => {
        await withFds(['Q'], async (fds) => {
          using reply = await ask(channel, { name, fds });
          expect(only(reply).text()).to.equal('Q');
          expect(contents(only(reply).fds)).to.deep.equal(['Q']);
        });
      });
    }

    it('gets 256 bytes and 0, 1 or 8 descriptors in one answer', async () => {
      for (const count of [0, 1, 8]) {
        using reply = await ask(channel, { name: 'bigrep', param: Uint8Array.of(count) });
        expect(only(reply).param).to.deep.equal(EVERY_BYTE);
        const expected = Array.from({ length: count }, (_, i) => String.fromCharCode(i));
        expect(contents(only(reply).fds)).to.deep.equal(expected);
      }
    });

    it('closes the descriptors of an answer on dispose, except those that were taken', async () => {
      let taken: number[];
      let left: readonly number[];
      {
        using reply = await ask(channel, { name: 'bigrep', param: Uint8Array.of(2) });
        using other = await ask(channel, { name: 'bigrep', param: Uint8Array.of(2) });
        taken = only(reply).takeFds();
        left = only(other).fds;
        expect(only(reply).fds).to.deep.equal([]);
      }
      expect(left.map(isOpen)).to.deep.equal([false, false]);
      expect(contents(taken)).to.deep.equal(['\0', '\x01']);
      expect(channel.stats.fdsClosedUnclaimed).to.equal(2);
      for (const fd of taken) closeSync(fd);
    });

    it('accepts a name of 63 bytes and rejects one of 64 with E2BIG', async () => {
      await rejected('E2BIG', ask(channel, { name: 'n'.repeat(64) }));
      await rejected('ETIMEDOUT', ask(channel, { name: 'n'.repeat(63) }, { timeoutMs: 20 }));
      expect(channel.stats.sent).to.equal(1);
      await expectServing(primary, channel);
    });
  });
}

describe('live: sendMessage of a secondary', () => {
  const scope = live('send');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  it('reaches the action, and gets no answer', async () => {
    await channel.sendMessage({ name: 'silent', param: 'a message' });
    expect((await primary.waitFor(/^got name=silent/)).fields).to.include({ text: 'a message', nfds: '0' });
    expect(channel.stats).to.include({ sent: 1, received: 0 });
  });

  it('carries 0 and 256 bytes', async () => {
    for (const param of [new Uint8Array(), EVERY_BYTE]) {
      await channel.sendMessage({ name: 'silent', param });
      const { fields } = await primary.waitFor(/^got name=silent/);
      expect(fields.hex).to.equal(Buffer.from(param).toString('hex'));
    }
  });

  it('carries 8 descriptors, in order, which stay open here', async () => {
    await withFds(letters(8), async (fds) => {
      await channel.sendMessage({ name: 'silent', fds });
      expect(fds.every(isOpen)).to.equal(true);
    });
    expect(descriptorsSeen(await primary.waitFor(/^got name=silent/))).to.deep.equal(letters(8));
  });

  it('arrives before a request that is sent after it', async () => {
    const sending = channel.sendMessage({ name: 'silent', param: 'first' });
    const asking = channel.request({ name: 'echo', param: 'second' });
    await sending;
    using _reply = await asking;
    await primary.waitFor(/^got name=echo/);
    const order = primary.lines.filter((line) => line.event === 'got').map((line) => line.fields.text);
    expect(order).to.deep.equal(['first', 'second']);
  });
});
