// `requestSync`: asking while the thread blocks.
import { expect } from 'chai';
import { MpTimeoutError } from '../../../lib/index.js';
import { someDescriptors, targetOf } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';
import { describeTransports } from '../support/each-transport.js';

describeTransports('requestSync', (network, transport) => {
  it('gets the answer from a primary elsewhere, with its descriptors', async () => {
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

  it('works without spinning', async () => {
    await network.openElsewhere('primary');
    const secondary = await network.openSecondary({ busyPollMicros: 0 });
    for (let i = 0; i < 20; i++) {
      expect(secondary.requestSync({ name: 'echo', param: `${i}` }).msgs[0]?.text()).to.equal(`${i}`);
    }
  });

  it('is 0/0 for IGN and times out without an answer', async () => {
    await network.openElsewhere('primary');
    const secondary = await network.openSecondary();
    expect(secondary.requestSync({ name: 'ignore' }).nbSent).to.equal(0);
    const timeout = await mpError(() => secondary.requestSync({ name: 'silent' }, { timeoutMs: 20 }));
    expect(timeout).to.be.instanceOf(MpTimeoutError);
  });

  // In memory the peer's request starts on the event loop, which is what we block.
  const itAcrossThreads = transport === 'in-process' ? () => {} : it;
  itAcrossThreads('serves what it is asked meanwhile', async () => {
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

  it('asks every secondary in turn as a primary', async () => {
    const primary = await network.openPrimary();
    expect(primary.requestSync({ name: 'echo' }).nbSent).to.equal(0); // nobody there
    await network.openElsewhere('secondary');
    await network.openElsewhere('secondary');
    const reply = primary.requestSync({ name: 'echo', param: 'all' });
    expect([reply.nbSent, ...reply.msgs.map((msg) => msg.text())]).to.deep.equal([2, 'all', 'all']);
    expect(primary.requestSync({ name: 'ignore' }).nbSent).to.equal(0);
    const timeout = (await mpError(() =>
      primary.requestSync({ name: 'silent' }, { timeoutMs: 20 }),
    )) as MpTimeoutError;
    expect(timeout.reply.nbSent).to.equal(1); // the second is never asked
  });
});
