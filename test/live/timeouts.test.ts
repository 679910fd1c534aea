// Requests whose answer comes late, twice, among many others, or never.
import { expect } from 'chai';
import { type MpChannel, type MpReply, MpTimeoutError } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { rejected } from '../support/mp-error.js';
import { live } from './support/live.js';

const textOf = (reply: MpReply) => reply.msgs.map((msg) => msg.text()).join();

/** The error that the request times out with. */
async function timeoutOf(promise: Promise<MpReply>): Promise<MpTimeoutError> {
  const error = await rejected('ETIMEDOUT', promise);
  expect(error).to.be.instanceOf(MpTimeoutError);
  return error as MpTimeoutError;
}

describe('live: timeouts and aborts', () => {
  const scope = live('timeouts');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary({ slowMs: 300 });
    channel = await scope.open();
  });

  it('reject with the answers that came', async () => {
    for (const asking of [
      channel.request({ name: 'silent' }, { timeoutMs: 30 }),
      (async () => channel.requestSync({ name: 'silent' }, { timeoutMs: 30 }))(),
    ]) {
      const { reply, message, path } = await timeoutOf(asking);
      expect(reply).to.include({ nbSent: 1, nbReceived: 0 });
      expect(reply.msgs).to.deep.equal([]);
      expect(path).to.equal(`${scope.runtimeDir}/mp_socket`);
      expect(message).to.contain("'silent'").and.contain('30 ms');
    }
  });

  it('are refused with EINVAL before anything is sent when they are 0, negative or no number', async () => {
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await rejected('EINVAL', channel.request({ name: 'echo' }, { timeoutMs }));
      await rejected('EINVAL', channel.sendMessage({ name: 'echo' }, { timeoutMs }));
    }
    expect(channel.stats.sent).to.equal(0);
  });

  it('leave a late answer that is not taken for that of the next request', async () => {
    await timeoutOf(channel.request({ name: 'slow', param: 'one' }, { timeoutMs: 50 }));
    // the answer to "one" comes while this one waits
    using second = await channel.request({ name: 'slow', param: 'two' });
    expect(textOf(second)).to.equal('two');
    using third = await channel.request({ name: 'slow', param: 'three' });
    expect(textOf(third)).to.equal('three');
  });

  it('leave a late answer that is not taken for that of the next requestSync', async () => {
    await timeoutOf((async () => channel.requestSync({ name: 'slow', param: 'one' }, { timeoutMs: 50 }))());
    using second = channel.requestSync({ name: 'slow', param: 'two' });
    expect(textOf(second)).to.equal('two');
  });

  it('end one of several requests of a name; the others get their own answers', async () => {
    const waiting = channel.request({ name: 'slow', param: 'patient' });
    await timeoutOf(channel.request({ name: 'slow', param: 'hasty' }, { timeoutMs: 20 }));
    using reply = await waiting;
    expect(textOf(reply)).to.equal('patient');
  });

  it('reject a request with ECANCELED when its signal is aborted; the channel works on', async () => {
    const controller = new AbortController();
    const asking = channel.request({ name: 'silent' }, { signal: controller.signal });
    await primary.waitFor(/^got name=silent/);
    controller.abort();
    await rejected('ECANCELED', asking);
    await rejected('ECANCELED', channel.request({ name: 'echo' }, { signal: controller.signal }));
    using reply = await channel.request({ name: 'echo', param: 'on' });
    expect(textOf(reply)).to.equal('on');
  });

  it('never let a request be sent that is aborted while it waits for its turn', async () => {
    const controller = new AbortController();
    const crowd = Array.from({ length: 256 }, () =>
      timeoutOf(channel.request({ name: 'silent' }, { timeoutMs: 500 })),
    );
    const late = channel.request({ name: 'echo', param: 'late' }, { signal: controller.signal });
    controller.abort();
    await rejected('ECANCELED', late);
    await Promise.all(crowd);
    using _behind = await channel.request({ name: 'echo', param: 'behind' });
    await primary.waitFor(/^got name=echo/);
    const echoes = primary.lines
      .filter(({ fields }) => fields.name === 'echo')
      .map(({ fields }) => fields.text);
    expect(echoes).to.deep.equal(['behind']);
  });

  it('never let a message be sent whose signal was aborted before', async () => {
    await rejected('ECANCELED', channel.sendMessage({ name: 'silent' }, { signal: AbortSignal.abort() }));
    expect(channel.stats.sent).to.equal(0);
  });
});

describe('live: surplus answers', () => {
  const scope = live('twice');
  const ROUNDS = 5000;
  let channel: MpChannel;

  beforeEach(async () => {
    await scope.startPrimary({ quiet: true });
    channel = await scope.open();
  });

  it('never answer the next request', async () => {
    for (let i = 0; i < ROUNDS; i++) {
      using reply = await channel.request({ name: 'twice', param: `-${i}` });
      expect(textOf(reply)).to.equal(`first-${i}`);
    }
  });

  it('never answer the next requestSync', () => {
    for (let i = 0; i < ROUNDS; i++) {
      using reply = channel.requestSync({ name: 'twice', param: `-${i}` });
      expect(textOf(reply)).to.equal(`first-${i}`);
    }
  });

  it('never answer any of several requests at once', async () => {
    for (let i = 0; i < ROUNDS; i += 16) {
      const params = Array.from({ length: 16 }, (_, k) => `-${i + k}`);
      const replies = await Promise.all(params.map((param) => channel.request({ name: 'twice', param })));
      expect(replies.map(textOf)).to.deep.equal(params.map((param) => `first${param}`));
      for (const reply of replies) reply[Symbol.dispose]();
    }
  });
});

describe('live: requests of one name at once', () => {
  const scope = live('atonce');

  it('each get their own answer', async () => {
    await scope.startPrimary({ slowMs: 100 });
    const channel = await scope.open();
    const params = Array.from({ length: 16 }, (_, i) => `request ${i}`);
    const replies = await Promise.all(params.map((param) => channel.request({ name: 'slow', param })));
    expect(replies.map(textOf)).to.deep.equal(params);
  });

  it('are refused with exclusiveRequests, as in C, until the first has ended', async () => {
    const primary = await scope.startPrimary();
    const channel = await scope.open({ exclusiveRequests: true });
    const first = channel.request({ name: 'silent', param: 'first' }, { timeoutMs: 200 });
    await rejected('EEXIST', channel.request({ name: 'silent', param: 'second' }));
    await rejected(
      'EEXIST',
      Promise.resolve().then(() => channel.requestSync({ name: 'silent' })),
    );
    using other = await channel.request({ name: 'echo', param: 'another name' });
    expect(textOf(other)).to.equal('another name');
    await timeoutOf(first);
    await timeoutOf(channel.request({ name: 'silent', param: 'third' }, { timeoutMs: 20 }));
    await primary.waitFor(/^got name=silent .*text=third/);
    const texts = primary.lines
      .filter(({ fields }) => fields.name === 'silent')
      .map(({ fields }) => fields.text);
    expect(texts).to.deep.equal(['first', 'third']);
  });
});
