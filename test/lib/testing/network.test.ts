// What tests can do with the in-process network: fake peers, and losing, delaying or damaging datagrams.
import { expect } from 'chai';
import { IGNORE, type MpChannel, openPrimary } from '../../../lib/index.js';
import {
  createMemoryNetwork,
  type FakePeer,
  type MemoryNetwork,
  type Traffic,
} from '../../../lib/testing/index.js';
import { openDescriptors, someDescriptors } from '../../support/descriptors.js';
import { mpError } from '../../support/mp-error.js';

describe('a memory network', () => {
  let network: MemoryNetwork;
  let primary: FakePeer;
  let channel: MpChannel;
  let before: string[];

  beforeEach(async () => {
    before = openDescriptors();
    network = createMemoryNetwork();
    primary = await network.fakePrimary({ hello: { param: 'hi' } });
    channel = await network.openSecondary();
  });

  afterEach(async () => {
    network.intercept(undefined);
    await channel.close();
    await primary.close();
    expect(openDescriptors()).to.deep.equal(before);
  });

  const ask = async (timeoutMs = 5000) =>
    (await channel.request({ name: 'hello' }, { timeoutMs })).msgs[0]?.text();

  it('has a fake primary that answers with a body, IGN, silence or a handler, one after the other', async () => {
    expect(await ask()).to.equal('hi');
    primary.answer('hello', IGNORE);
    expect(await channel.request({ name: 'hello' })).to.include({ nbSent: 0, nbReceived: 0 });
    primary.answer('hello', 'silence');
    expect((await mpError(ask(10))).code).to.equal('ETIMEDOUT');
    primary.answer('hello', (msg) => ({ param: `${msg.name} ${primary.received.length}` }));
    expect(await ask()).to.equal('hello 4');
    expect(primary.received.map(({ name }) => name)).to.deep.equal(['hello', 'hello', 'hello', 'hello']);
  });

  it('drops an answer that comes after the timeout', async () => {
    let answer: (() => void) | undefined;
    primary.answer('hello', () => new Promise((resolve) => (answer = () => resolve({ param: 'late' }))));
    expect((await mpError(ask(10))).code).to.equal('ETIMEDOUT');
    answer?.();
    primary.answer('hello', { param: 'in time' });
    expect(await ask()).to.equal('in time');
  });

  it('has fake secondaries that start, answer, are killed and close', async () => {
    const names = async () => {
      const { nbSent, msgs } = await primary.channel.request({ name: 'who' });
      return [nbSent, ...msgs.map((msg) => msg.text()).sort()];
    };
    await channel.close();
    expect(await names()).to.deep.equal([0]);
    const first = await network.fakeSecondary({ who: { param: 'first' } });
    const second = await network.fakeSecondary({ who: { param: 'second' } });
    expect(await names()).to.deep.equal([2, 'first', 'second']);
    await first.kill();
    expect(primary.channel.peers()).to.have.length(2); // as with socket files: removed once a send fails
    expect(await names()).to.deep.equal([1, 'second']);
    expect(primary.channel.peers()).to.have.length(1);
    await second.close();
    expect(await names()).to.deep.equal([0]);
  });

  it('shows each datagram with its sender and receiver', async () => {
    const seen: Traffic[] = [];
    network.intercept((traffic) => void seen.push(traffic));
    await ask();
    const { fds, close } = someDescriptors(2);
    await channel.sendMessage({ name: 'note', param: Uint8Array.of(7), fds });
    close();
    expect(seen.map(({ type, name, fdCount }) => [type, name, fdCount])).to.deep.equal([
      ['REQ', 'hello', 0],
      ['REP', 'hello', 0],
      ['MSG', 'note', 2],
    ]);
    expect(seen[0]?.to).to.equal(primary.channel.socketPath);
    expect(seen[1]).to.include({ from: seen[0]?.to, to: seen[0]?.from });
    expect([...(seen[2]?.param ?? [])]).to.deep.equal([7]);
  });

  it('loses datagrams on request, descriptors included', async () => {
    const { fds, close } = someDescriptors(2);
    network.intercept(({ type }) => (type === 'REP' ? 'lose' : 'deliver'));
    expect((await mpError(ask(10))).code).to.equal('ETIMEDOUT');
    network.intercept(() => 'lose');
    await channel.sendMessage({ name: 'hello', fds });
    close();
    network.intercept(undefined);
    expect(await ask()).to.equal('hi');
    expect(primary.received).to.have.length(2);
  });

  it('holds a datagram until its promise is settled, while others pass it', async () => {
    let release: (() => void) | undefined;
    let isFirst = true;
    primary.answer('note', 'silence');
    network.intercept(() => {
      if (!isFirst) return undefined;
      isFirst = false;
      return new Promise((resolve) => (release = () => resolve('deliver')));
    });
    await channel.sendMessage({ name: 'note', param: 'first' });
    await channel.sendMessage({ name: 'note', param: 'second' });
    await ask();
    expect(primary.received.map((msg) => msg.text())).to.deep.equal(['second', '']);
    release?.();
    await ask();
    await ask();
    expect(primary.received.map((msg) => msg.text())).to.include('first');
  });

  it('repeats an answer, which is not taken for that of another request', async () => {
    network.intercept(({ type }) => (type === 'REP' ? 'repeat' : 'deliver'));
    const { fds, close } = someDescriptors(1);
    primary.answer('hello', { param: 'twice', fds });
    for (let i = 0; i < 3; i++) {
      using reply = await channel.request({ name: 'hello' });
      expect(reply.msgs.map((msg) => [msg.text(), msg.fds.length])).to.deep.equal([['twice', 1]]);
    }
    close();
  });

  it('damages datagrams, which are counted and dropped', async () => {
    const warnings: string[] = [];
    channel.on('warning', ({ code }) => warnings.push(code));
    network.intercept(({ type }) => (type === 'REP' ? 'damage' : 'deliver'));
    expect((await mpError(ask(10))).code).to.equal('ETIMEDOUT');
    expect(channel.stats.dropped.malformed).to.equal(1);
    expect(warnings).to.deep.equal(['EBADMSG']);
  });

  it('uses the dialect that it was created with', async () => {
    const modern = createMemoryNetwork({ dialect: '340/253' });
    await using other = await modern.fakePrimary({ hello: (msg) => ({ param: `${msg.fds.length}` }) });
    await using asking = await modern.openSecondary({ dialect: 'auto' });
    expect([asking.dialect, asking.maxFds, channel.maxFds]).to.deep.equal(['340/253', 253, 8]);
    const { fds, close } = someDescriptors(9);
    modern.intercept(({ fdCount }) => expect(fdCount).to.be.oneOf([0, 9]) && undefined);
    expect((await asking.request({ name: 'hello', fds })).msgs[0]?.text()).to.equal('9');
    close();
    expect((await mpError(channel.request({ name: 'hello', fds: Array(9).fill(0) }))).code).to.equal('E2BIG');
    expect(other.received).to.have.length(1);
  });

  it('kills its own channels, and refuses others with EINVAL', async () => {
    const other = await openPrimary({ filePrefix: 'other', socketNamespace: 'abstract' });
    expect((await mpError(network.kill(other))).code).to.equal('EINVAL');
    await other.close();
    await network.kill(primary.channel);
    await network.kill(primary.channel);
    expect((await mpError(ask())).code).to.equal('ECONNREFUSED');
  });

  it('rejects a send that waits for room with ECONNREFUSED when the receiver is killed', async () => {
    const busy = await network.fakePrimary({}, { filePrefix: 'busy', maxPendingMessages: 1 });
    busy.answer('note', () => new Promise(() => {}));
    const sender = await network.openSecondary({ filePrefix: 'busy' });
    const sends: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) sends.push(sender.sendMessage({ name: 'note' }));
    await sends[0];
    await new Promise(setImmediate);
    await busy.kill();
    const codes = (await Promise.allSettled(sends)).map((result) =>
      result.status === 'rejected' ? (result.reason as { code: string }).code : 'sent',
    );
    expect(codes.slice(0, 11)).to.not.include('ECONNREFUSED');
    expect(codes.at(-1)).to.equal('ECONNREFUSED');
    await sender.close();
  });
});
