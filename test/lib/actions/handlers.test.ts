// Actions and their handlers: registering them, what they return, what they are given.
import { expect } from 'chai';
import type { Peer } from '../../../lib/index.js';
import { openDescriptors, someDescriptors, targetOf } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';
import { describeTransports } from '../support/each-transport.js';

describeTransports('actions', (network) => {
  it('refuse empty, long and taken names, and accept 63 bytes', async () => {
    const channel = await network.openPrimary();
    expect((await mpError(() => channel.registerAction('', () => {}))).code).to.equal('EINVAL');
    expect((await mpError(() => channel.registerAction('x'.repeat(64), () => {}))).code).to.equal('E2BIG');
    channel.registerAction('x'.repeat(63), () => {});
    expect((await mpError(() => channel.registerAction('x'.repeat(63), () => {}))).code).to.equal('EEXIST');
  });

  it('are unregistered with true once, also from inside the handler, then with false', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    primary.registerAction('once', () => ({ param: String(primary.unregisterAction('once')) }));
    expect((await secondary.request({ name: 'once' })).msgs[0]?.text()).to.equal('true');
    expect(primary.unregisterAction('once')).to.equal(false);
    expect((await secondary.request({ name: 'once' })).nbSent).to.equal(0); // IGN
  });

  it("emit 'error' and send nothing when their handler fails; the channel goes on", async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const failure = new RangeError('no');
    primary.registerAction('throws', () => {
      throw failure;
    });
    primary.registerAction('rejects', async () => {
      throw failure;
    });
    primary.registerAction('nonsense', (() => 42) as unknown as () => undefined);
    primary.registerAction('too-big', () => ({ param: new Uint8Array(300) }));
    primary.registerAction('fine', () => ({}));
    const errors: unknown[] = [];
    primary.on('error', (error) => errors.push(error));
    for (const action of ['throws', 'rejects', 'nonsense', 'too-big']) {
      expect((await mpError(secondary.request({ name: action }, { timeoutMs: 20 }))).code).to.equal(
        'ETIMEDOUT',
      );
    }
    expect(errors.slice(0, 2)).to.deep.equal([failure, failure]);
    expect(errors.slice(2).map((error) => (error as { code: string }).code)).to.deep.equal([
      'EINVAL',
      'E2BIG',
    ]);
    expect((await secondary.request({ name: 'fine' })).nbReceived).to.equal(1);
  });

  it('may reply later, once, and only under the name of the request', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const refused: Promise<string>[] = [];
    primary.registerAction('later', (msg, peer) => {
      const other = primary.reply({ name: 'other' }, peer);
      const first = primary.reply({ name: msg.name, param: 'one' }, peer);
      const second = primary.reply({ name: msg.name, param: 'two' }, peer);
      refused.push(
        mpError(other).then(({ code }) => code),
        mpError(second).then(({ code }) => code),
      );
      return first;
    });
    expect((await secondary.request({ name: 'later' })).msgs[0]?.text()).to.equal('one');
    expect(await Promise.all(refused)).to.deep.equal(['EINVAL', 'EALREADY']);
  });

  it('can reply only to a peer that has a path', async () => {
    const primary = await network.openPrimary();
    for (const peer of [null, {}, { path: 7 }, { path: 'x'.repeat(108) }, { path: 'a\0b' }]) {
      expect((await mpError(primary.reply({ name: 'x' }, peer as unknown as Peer))).code).to.equal('EINVAL');
    }
    expect((await mpError(primary.reply({ name: 'x' }, { path: '' }))).code).to.equal('EDESTADDRREQ');
  });

  it('have the descriptors of their message closed when the handler has settled, unless it took them', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const own = someDescriptors(1);
    const seen: string[] = [];
    let kept: number[] = [];
    primary.registerAction('look', async (msg) => {
      await new Promise(setImmediate);
      seen.push(...msg.fds.map(targetOf));
      return {};
    });
    primary.registerAction('take', (msg) => {
      kept = msg.takeFds();
      expect(msg.fds).to.deep.equal([]);
      return {};
    });
    const open = openDescriptors();
    await secondary.request({ name: 'look', fds: own.fds });
    await secondary.request({ name: 'unknown', fds: own.fds });
    expect(openDescriptors().filter((target) => target === '/etc/hostname')).to.deep.equal(
      open.filter((target) => target === '/etc/hostname'),
    );
    expect(primary.stats.fdsClosedUnclaimed).to.equal(2);
    await secondary.request({ name: 'take', fds: own.fds });
    own.close();
    expect(seen).to.deep.equal(['/etc/hostname']);
    expect(kept.map(targetOf)).to.deep.equal(['/etc/hostname']);
    const { closeSync } = await import('node:fs');
    for (const fd of kept) closeSync(fd);
  });

  it('make the channel stop reading while maxPendingMessages handlers run, and lose nothing', async () => {
    const primary = await network.openPrimary({ maxPendingMessages: 3 });
    const secondary = await network.openSecondary();
    const waiting: (() => void)[] = [];
    const order: number[] = [];
    primary.registerAction('slow', (msg) => {
      order.push(msg.param[0] ?? -1);
      return new Promise((resolve) => waiting.push(() => resolve(undefined)));
    });
    const sends = Array.from({ length: 40 }, (_, i) =>
      secondary.sendMessage({ name: 'slow', param: Uint8Array.of(i) }),
    );
    while (order.length < 3) await new Promise(setImmediate);
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(order).to.have.lengthOf(3);
    while (order.length < 40) {
      for (const settle of waiting.splice(0)) settle();
      await new Promise(setImmediate);
    }
    for (const settle of waiting.splice(0)) settle();
    await Promise.all(sends);
    expect(order).to.deep.equal(Array.from({ length: 40 }, (_, i) => i));
  });
});
