// Ten thousand messages and requests: none is lost, and all keep their order.
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { settling } from '../support/settling.js';
import { live } from './support/live.js';

const COUNT = 10_000;
const TIMEOUT = { timeoutMs: 15_000 };

function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

function numberIn(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

const NUMBERS = Array.from({ length: COUNT }, (_, i) => i);

describe('live: bursts', () => {
  const scope = live('load');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary({ quiet: true });
    channel = await scope.open();
  });

  it('delivers messages to the primary, all sent at once, in order', async () => {
    await Promise.all(
      NUMBERS.map((i) => channel.sendMessage({ name: 'count', param: numbered(i) }, TIMEOUT)),
    );
    using _behind = await channel.request({ name: 'ping' }, TIMEOUT);
    const { fields } = await primary.command('count');
    expect(fields).to.include({ n: String(COUNT), senders: '1', in_order: '1' });
    expect(channel.stats.sent).to.equal(COUNT + 1);
  });

  it('delivers messages from the primary in order', async () => {
    const received: number[] = [];
    const all = settling();
    channel.registerAction('flood', (msg) => {
      if (received.push(numberIn(msg.param)) === COUNT) all.resolve();
    });
    const { fields } = await primary.command(`flood flood ${COUNT}`);
    expect(fields).to.include({ sent: String(COUNT), failed: '0' });
    await all.promise;
    expect(received).to.deep.equal(NUMBERS);
  });

  it('delivers messages from the primary to slow handlers, a limited number of which runs at a time', async () => {
    const slow = await scope.open({ maxPendingMessages: 16 });
    const received: number[] = [];
    const all = settling();
    let running = 0;
    let most = 0;
    slow.registerAction('flood', async (msg) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      if (received.push(numberIn(msg.param)) === COUNT) all.resolve();
    });
    await primary.command(`flood flood ${COUNT}`);
    await all.promise;
    expect(received).to.deep.equal(NUMBERS);
    expect(most).to.be.within(1, 16);
  });

  it('answers requests, all sent at once', async () => {
    const answers = await Promise.all(
      NUMBERS.map(async (i) => {
        using reply = await channel.request({ name: 'echo', param: numbered(i) }, TIMEOUT);
        return numberIn(reply.msgs[0]?.param);
      }),
    );
    expect(answers).to.deep.equal(NUMBERS);
  });

  it('answers requests, one after the other', () => {
    for (const i of NUMBERS) {
      using reply = channel.requestSync({ name: 'echo', param: numbered(i) });
      expect(numberIn(reply.msgs[0]?.param)).to.equal(i);
    }
  });

  it('delivers messages both ways and answers requests at the same time', async () => {
    const count = COUNT / 4;
    const numbers = NUMBERS.slice(0, count);
    const received: number[] = [];
    const all = settling();
    channel.registerAction('flood', (msg) => {
      if (received.push(numberIn(msg.param)) === count) all.resolve();
    });
    const flooding = primary.command(`flood flood ${count}`);
    await Promise.all([
      ...numbers.map((i) => channel.sendMessage({ name: 'count', param: numbered(i) }, TIMEOUT)),
      ...numbers.map(async (i) => {
        using reply = await channel.request({ name: 'echo', param: numbered(i) }, TIMEOUT);
        expect(numberIn(reply.msgs[0]?.param)).to.equal(i);
      }),
    ]);
    await Promise.all([flooding, all.promise]);
    expect(received).to.deep.equal(numbers);
    expect((await primary.command('count')).fields).to.include({ n: String(count), in_order: '1' });
  });
});
