// The option busyPollEventLoopMicros: the event loop polls for answers itself.
import { expect } from 'chai';
import type { MpChannel } from '../../../lib/index.js';
import { mpError } from '../../support/mp-error.js';
import { describeTransports } from '../support/each-transport.js';

/** Longer than any test takes: the poll never ends by itself. */
const ALL_THE_TIME = { busyPollEventLoopMicros: 1_000_000 };

describeTransports('busy poll on the event loop', (network) => {
  let primary: MpChannel;

  beforeEach(async () => {
    primary = await network.openPrimary();
  });

  it('takes the answers of requests one after the other and at once', async () => {
    const secondary = await network.openSecondary(ALL_THE_TIME);
    primary.registerAction('echo', ({ param }) => ({ param }));
    for (let i = 0; i < 30; i++) {
      expect((await secondary.request({ name: 'echo', param: `${i}` })).msgs[0]?.text()).to.equal(`${i}`);
    }
    const many = Array.from({ length: 30 }, (_, i) => secondary.request({ name: 'echo', param: `${i}` }));
    const texts = (await Promise.all(many)).map(({ msgs }) => msgs[0]?.text());
    expect(texts).to.deep.equal(Array.from({ length: 30 }, (_, i) => `${i}`));
  });

  it('takes an answer that comes after the poll has ended', async () => {
    const secondary = await network.openSecondary({ busyPollEventLoopMicros: 1 });
    primary.registerAction('slow', async () => {
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      return { param: 'late' };
    });
    expect((await secondary.request({ name: 'slow' })).msgs[0]?.text()).to.equal('late');
  });

  it('lets timers, immediates and other requests run', async () => {
    const secondary = await network.openSecondary(ALL_THE_TIME);
    primary.registerAction('silent', () => {});
    primary.registerAction('echo', () => ({ param: 'meanwhile' }));
    const silent = mpError(secondary.request({ name: 'silent' }, { timeoutMs: 400 }));
    const order: string[] = [];
    void silent.then(() => order.push('timeout'));
    await new Promise((resolve) => setTimeout(resolve, 1));
    order.push('timer');
    await new Promise(setImmediate);
    order.push('immediate');
    order.push((await secondary.request({ name: 'echo' })).msgs[0]?.text() ?? '');
    expect((await silent).code).to.equal('ETIMEDOUT');
    await new Promise(setImmediate);
    expect(order).to.deep.equal(['timer', 'immediate', 'meanwhile', 'timeout']);
  });

  it('ends when the request is aborted or the channel closes', async () => {
    const secondary = await network.openSecondary(ALL_THE_TIME);
    primary.registerAction('silent', () => {});
    const abort = new AbortController();
    const aborted = mpError(secondary.request({ name: 'silent' }, { signal: abort.signal }));
    abort.abort();
    expect((await aborted).code).to.equal('ECANCELED');
    const closed = mpError(secondary.request({ name: 'silent' }));
    await secondary.close();
    expect((await closed).code).to.equal('ECANCELED');
  });
});
