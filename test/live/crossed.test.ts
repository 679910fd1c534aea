// Requests in both directions at the same time.
import { expect } from 'chai';
import type { MpChannel } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { settling } from '../support/settling.js';
import { live } from './support/live.js';

describe('live: a primary that asks back before it answers', () => {
  const scope = live('crossed');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary({ slowMs: 200 });
    channel = await scope.open();
    channel.registerAction('asked', (msg) => ({ param: `you asked ${msg.text()}` }));
  });

  it('gets its answer while the secondary blocks in requestSync', () => {
    for (let i = 0; i < 50; i++) {
      using reply = channel.requestSync({ name: 'askback', param: `${i}` });
      expect(reply.msgs[0]?.text()).to.equal(`you asked ${i}`);
    }
  });

  it('gets its answer with busyPollMicros: 0', async () => {
    await channel.close();
    const sleepy = await scope.open({ busyPollMicros: 0 });
    sleepy.registerAction('asked', (msg) => ({ param: `${msg.text()}, well slept` }));
    using reply = sleepy.requestSync({ name: 'askback', param: 'you asked' });
    expect(reply.msgs[0]?.text()).to.equal('you asked, well slept');
  });

  it('gets its answer while the secondary awaits a request', async () => {
    using reply = await channel.request({ name: 'askback', param: 'politely' });
    expect(reply.msgs[0]?.text()).to.equal('you asked politely');
  });

  it('gets IGN for an unknown action while the secondary blocks', () => {
    channel.unregisterAction('asked');
    using reply = channel.requestSync({ name: 'askback' });
    expect(reply.msgs[0]?.text()).to.equal('nobody');
  });

  it("gets its answer from a handler that throws afterwards, which is emitted as 'error'", async () => {
    const reported = settling<unknown>();
    channel.on('error', reported.resolve);
    channel.unregisterAction('asked');
    channel.registerAction('asked', (msg, peer) => {
      void channel.reply({ name: msg.name, param: 'before the fall' }, peer);
      throw new Error('on purpose');
    });
    using reply = channel.requestSync({ name: 'askback' });
    expect(reply.msgs[0]?.text()).to.equal('before the fall');
    expect(await reported.promise).to.have.property('message', 'on purpose');
  });

  it('may be asked again by the handler that answers it', () => {
    channel.unregisterAction('asked');
    channel.registerAction('asked', (msg) => {
      using slow = channel.requestSync({ name: 'slow', param: msg.text() });
      return { param: `nested ${slow.msgs[0]?.text()}` };
    });
    using reply = channel.requestSync({ name: 'askback', param: 'twice' });
    expect(reply.msgs[0]?.text()).to.equal('nested twice');
  });

  it('may ask while the secondary blocks in a request of its own', async () => {
    const asking = primary.command('req asked meanwhile 5000');
    using reply = channel.requestSync({ name: 'slow', param: 'slowly' });
    expect(reply.msgs[0]?.text()).to.equal('slowly');
    expect((await asking).fields).to.include({ ret: '0', nb_received: '1' });
    expect((await primary.waitFor(/^req\.reply/, { from: 0 })).fields.text).to.equal('you asked meanwhile');
  });
});
