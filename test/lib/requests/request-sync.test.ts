// `requestSync`: asking while the thread blocks.
import { expect } from 'chai';
import { MpTimeoutError } from '../../../lib/index.js';
import { someDescriptors, targetOf } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';
import { describeTransports } from '../support/each-transport.js';

describeTransports('requestSync', (network, transport) => {
  it('returns the answer of a primary in another thread, with its descriptors', async () => {
    await network.openElsewhere('primary');
    const secondary = await network.openSecondary();
    const own = someDescriptors(8);
    const reply = secondary.requestSync({ name: 'echo', param: 'hi', fds: own.fds });
    own.close();
    const message = reply.msgs[0];
    expect([reply.nbSent, reply.nbReceived, message?.text()]).to.deep.equal([1, 1, 'hi']);
    expect(message?.fds.map(targetOf)).to.deep.equal(Array(8).fill('/etc/hostname'));
    reply[Symbol.dispose]();
    expect(message?.fds).to.deep.equal([]);
  });

  it('works with busyPollMicros: 0', async () => {
    await network.openElsewhere('primary');
    const secondary = await network.openSecondary({ busyPollMicros: 0 });
    for (let i = 0; i < 20; i++) {
      expect(secondary.requestSync({ name: 'echo', param: `${i}` }).msgs[0]?.text()).to.equal(`${i}`);
    }
  });

  it('counts 0 sent for IGN, and throws ETIMEDOUT without an answer', async () => {
    await network.openElsewhere('primary');
    const secondary = await network.openSecondary();
    expect(secondary.requestSync({ name: 'ignore' }).nbSent).to.equal(0);
    const timeout = await mpError(() => secondary.requestSync({ name: 'silent' }, { timeoutMs: 20 }));
    expect(timeout).to.be.instanceOf(MpTimeoutError);
  });

  // in process the peer's request starts on the event loop, which this test blocks
  const itAcrossThreads = transport === 'in-process' ? () => {} : it;
  itAcrossThreads('answers requests that come while it waits', async () => {
    await network.openElsewhere('primary');
    const secondary = await network.openSecondary();
    let asked = '';
    secondary.registerAction('asked', (msg) => {
      asked = msg.text();
      return {};
    });
    await mpError(() => secondary.requestSync({ name: 'ask-back' }, { timeoutMs: 500 }));
    expect(asked).to.equal('while you wait');
  });

  it('asks every secondary in turn when a primary calls it', async () => {
    const primary = await network.openPrimary();
    expect(primary.requestSync({ name: 'echo' }).nbSent).to.equal(0); // no secondary
    await network.openElsewhere('secondary');
    await network.openElsewhere('secondary');
    const reply = primary.requestSync({ name: 'echo', param: 'all' });
    expect([reply.nbSent, ...reply.msgs.map((msg) => msg.text())]).to.deep.equal([2, 'all', 'all']);
    expect(primary.requestSync({ name: 'ignore' }).nbSent).to.equal(0);
    const timeout = (await mpError(() =>
      primary.requestSync({ name: 'silent' }, { timeoutMs: 20 }),
    )) as MpTimeoutError;
    expect(timeout.reply.nbSent).to.equal(1); // the second secondary isn't asked any more
  });
});
