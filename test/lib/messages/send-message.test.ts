// `sendMessage`: order, descriptors, and what ends the wait for room.
import { expect } from 'chai';
import { someDescriptors, targetOf } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';
import { describeTransports } from '../support/each-transport.js';

describeTransports('sendMessage', (network) => {
  it('keeps the order of more messages than the queue holds, whose descriptors may be closed at once', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const got: number[] = [];
    const targets: string[] = [];
    primary.registerAction('burst', (msg) => {
      got.push(new DataView(msg.param.buffer, msg.param.byteOffset).getUint32(0));
      targets.push(...msg.fds.map(targetOf));
    });
    const own = someDescriptors(1);
    const sends = Array.from({ length: 500 }, (_, i) => {
      const param = new Uint8Array(4);
      new DataView(param.buffer).setUint32(0, i);
      return secondary.sendMessage({ name: 'burst', param, fds: own.fds });
    });
    own.close();
    await Promise.all(sends);
    while (got.length < 500) await new Promise(setImmediate);
    expect(got).to.deep.equal(Array.from({ length: 500 }, (_, i) => i));
    expect(targets).to.deep.equal(Array(500).fill('/etc/hostname'));
  });

  it('rejects with ETIMEDOUT when there is no room in time, and with ECANCELED when aborted or closed', async () => {
    const primary = await network.openPrimary({ maxPendingMessages: 1 });
    const secondary = await network.openSecondary();
    let settle = () => {};
    primary.registerAction(
      'stuck',
      () =>
        new Promise<void>((resolve) => {
          settle = resolve;
        }),
    );
    const sends = Array.from({ length: 20 }, () =>
      secondary.sendMessage({ name: 'stuck' }, { timeoutMs: 60 }),
    );
    const results = await Promise.allSettled(sends);
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed.length).to.be.within(8, 9);
    expect(failed.map(({ reason }) => reason.code)).to.deep.equal(Array(failed.length).fill('ETIMEDOUT'));
    const abort = new AbortController();
    const aborted = mpError(secondary.sendMessage({ name: 'stuck' }, { signal: abort.signal }));
    abort.abort();
    expect((await aborted).code).to.equal('ECANCELED');
    const closing = mpError(secondary.sendMessage({ name: 'stuck' }));
    await secondary.close();
    expect((await closing).code).to.equal('ECANCELED');
    settle();
  });
});
