// IGN, which tells the requester not to count the sender, in both directions.
import { expect } from 'chai';
import { settling } from '../support/settling.js';
import { live } from './support/live.js';
import { startNodeProcess } from './support/node-peers.js';

describe('live: IGN', () => {
  const scope = live('ign');

  it('answers a request for an unknown action', async () => {
    const primary = await scope.startPrimary();
    const channel = await scope.open();
    const { fields } = await primary.command('req unknown - 5000');
    expect(fields).to.include({ ret: '0', nb_sent: '0', nb_received: '0' });
    expect(channel.stats.dropped['no-action']).to.equal(1);
    expect(channel.stats).to.include({ received: 1, sent: 1 });
  });

  it('does not answer a message for an unknown action', async () => {
    const primary = await scope.startPrimary();
    const channel = await scope.open();
    const arrived = settling();
    channel.registerAction('end', () => arrived.resolve());
    await primary.command('bcast unknown -');
    await primary.command('bcast end -');
    await arrived.promise;
    expect(channel.stats).to.include({ received: 2, sent: 0 });
  });

  it("is not sent with unhandledRequests: 'silent'", async () => {
    const primary = await scope.startPrimary();
    const channel = await scope.open({ unhandledRequests: 'silent' });
    const { fields } = await primary.command('req unknown - 50');
    expect(fields).to.include({ ret: '-1', errno: 'ETIMEDOUT', nb_sent: '1', nb_received: '0' });
    expect(channel.stats.sent).to.equal(0);
  });

  it('leaves its sender out of the counts', async () => {
    await startNodeProcess(scope, 'primary');
    const channel = await scope.open();
    for (const ask of [
      () => channel.request({ name: 'ignored' }),
      async () => channel.requestSync({ name: 'ignored' }),
      () => channel.request({ name: 'unknown' }),
    ]) {
      using reply = await ask();
      expect(reply).to.include({ nbSent: 0, nbReceived: 0 });
      expect(reply.msgs).to.deep.equal([]);
    }
  });

  it('and answers may come from different secondaries', async () => {
    const primary = await scope.startPrimary();
    const [first, second, third] = [await scope.open(), await scope.open(), await scope.open()];
    first.registerAction('mixed', () => ({ param: 'one' }));
    third.registerAction('mixed', () => ({ param: 'three' }));
    expect((await primary.command('req mixed - 5000')).fields).to.include({
      ret: '0',
      nb_sent: '2',
      nb_received: '2',
    });
    const texts = primary.lines.filter(({ event }) => event === 'req.reply').map(({ fields }) => fields.text);
    expect(texts.sort()).to.deep.equal(['one', 'three']);
    expect(second.stats.dropped['no-action']).to.equal(1);
  });
});

describe('live: IGN to a primary that grows its heap', () => {
  const scope = live('ignheap', { attachable: true });

  it('is an answer that lets it go on', async () => {
    const primary = await scope.startPrimary();
    const channel = await scope.open();
    // without an answer to its mp_malloc_sync the primary fails after 10 s
    expect((await primary.command('reserve MORE 8388608')).fields.len).to.equal('8388608');
    expect(channel.stats.received).to.be.greaterThan(0);
    expect(channel.stats.sent).to.equal(channel.stats.received);
    expect((await primary.quit()).code).to.equal(0);
  });
});
