// `request`: answers, no answers, and what ends it.
import { expect } from 'chai';
import { IGNORE, MpTimeoutError, type Peer } from '../../../lib/index.js';
import { mpError } from '../../support/mp-error.js';
import { describeTransports } from '../support/each-transport.js';

describeTransports('request', (network) => {
  it('resolves with what the handler returns or resolves to, under the same name', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    primary.registerAction('now', (msg) => ({ param: `now ${msg.text()}` }));
    primary.registerAction('later', async (msg) => ({ param: Uint8Array.of(msg.param.length) }));
    const now = await secondary.request({ name: 'now', param: 'a' });
    const later = await secondary.request({ name: 'later', param: new Uint8Array(256) });
    expect(now.nbSent).to.equal(1);
    expect(now.msgs.map((msg) => [msg.name, msg.text()])).to.deep.equal([['now', 'now a']]);
    expect([...(later.msgs[0]?.param ?? [])]).to.deep.equal([256 % 256]);
    expect(later.msgs[0]?.paramArea.length).to.equal(256);
  });

  it('keeps the answers of several requests of one name apart', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const waiting: (() => void)[] = [];
    primary.registerAction('echo', (msg) => {
      const { param } = msg;
      return new Promise((resolve) => {
        waiting.push(() => resolve({ param }));
        if (waiting.length === 8) for (const answer of waiting.reverse()) answer();
      });
    });
    const requests = Array.from({ length: 8 }, (_, i) => secondary.request({ name: 'echo', param: `${i}` }));
    const answers = (await Promise.all(requests)).map(({ msgs }) => msgs[0]?.text());
    expect(answers).to.deep.equal(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('rejects a second one of the same name with EEXIST under exclusiveRequests', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary({ exclusiveRequests: true });
    let answer: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      primary.registerAction('slow', () => {
        resolve();
        return new Promise((reply) => {
          answer = () => reply({ param: 'done' });
        });
      });
    });
    const first = secondary.request({ name: 'slow' });
    await asked;
    expect((await mpError(secondary.request({ name: 'slow' }))).code).to.equal('EEXIST');
    expect((await mpError(() => secondary.requestSync({ name: 'slow' }))).code).to.equal('EEXIST');
    answer?.();
    expect((await first).msgs[0]?.text()).to.equal('done');
  });

  it('counts 0 sent and 0 received for IGNORE and for an unknown action, and times out without an answer', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    primary.registerAction('ignore', () => IGNORE);
    primary.registerAction('silent', () => {});
    const ignored = await secondary.request({ name: 'ignore' });
    const unknown = await secondary.request({ name: 'unknown' });
    expect([ignored.nbSent, ignored.nbReceived, unknown.nbSent, unknown.nbReceived]).to.deep.equal([
      0, 0, 0, 0,
    ]);
    expect(primary.stats.dropped['no-action']).to.equal(1);
    const timeout = await mpError(secondary.request({ name: 'silent' }, { timeoutMs: 20 }));
    expect(timeout).to.be.instanceOf(MpTimeoutError);
    const { reply } = timeout as MpTimeoutError;
    expect([timeout.code, reply.nbSent, reply.nbReceived]).to.deep.equal(['ETIMEDOUT', 1, 0]);
  });

  it("gets no answer to an unknown action under unhandledRequests: 'silent', as in C", async () => {
    await network.openPrimary({ unhandledRequests: 'silent' });
    const secondary = await network.openSecondary();
    expect((await mpError(secondary.request({ name: 'x' }, { timeoutMs: 20 }))).code).to.equal('ETIMEDOUT');
  });

  it('never takes a late answer for the answer to a newer request', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const asked: { param: string; peer: Peer }[] = [];
    primary.registerAction('late', (msg, peer) => {
      asked.push({ param: msg.text(), peer });
    });
    await mpError(secondary.request({ name: 'late', param: 'old' }, { timeoutMs: 20 }));
    const newer = secondary.request({ name: 'late', param: 'new' });
    while (asked.length < 2) await new Promise(setImmediate);
    const [old, fresh] = asked;
    if (old === undefined || fresh === undefined) throw new TypeError('both were asked');
    await primary.reply({ name: 'late', param: `re ${old.param}` }, old.peer).catch(() => {}); // its socket may be gone
    await primary.reply({ name: 'late', param: `re ${fresh.param}` }, fresh.peer);
    expect((await newer).msgs[0]?.text()).to.equal('re new');
  });

  it('rejects with ENOENT or ECONNREFUSED without a primary, and works once there is one', async () => {
    const secondary = await network.openSecondary();
    const missing = await mpError(secondary.request({ name: 'echo' }));
    expect(missing.code).to.be.oneOf(['ENOENT', 'ECONNREFUSED']);
    expect(missing.message).to.match(/primary/);
    expect((await mpError(() => secondary.requestSync({ name: 'echo' }))).code).to.equal(missing.code);
    expect((await mpError(secondary.sendMessage({ name: 'echo' }))).code).to.equal(missing.code);
    const primary = await network.openPrimary();
    primary.registerAction('echo', (msg) => ({ param: msg.param }));
    expect((await secondary.request({ name: 'echo', param: 'x' })).msgs[0]?.text()).to.equal('x');
    await primary.close();
    expect((await mpError(secondary.request({ name: 'echo' }))).code).to.equal(missing.code);
    const successor = await network.openPrimary();
    successor.registerAction('echo', () => ({ param: 'successor' }));
    expect((await secondary.request({ name: 'echo' })).msgs[0]?.text()).to.equal('successor');
  });

  it('rejects with ECANCELED when it is aborted or the channel closes', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    primary.registerAction('silent', () => {});
    const abort = new AbortController();
    const aborted = mpError(secondary.request({ name: 'silent' }, { signal: abort.signal }));
    const closed = mpError(secondary.request({ name: 'silent' }));
    abort.abort();
    expect((await aborted).code).to.equal('ECANCELED');
    const { sent } = secondary.stats;
    for (const late of [
      secondary.request({ name: 'silent' }, { signal: abort.signal }),
      secondary.sendMessage({ name: 'silent' }, { signal: abort.signal }),
    ]) {
      expect((await mpError(late)).code).to.equal('ECANCELED');
    }
    expect(secondary.stats.sent).to.equal(sent);
    await secondary.close();
    expect((await closed).code).to.equal('ECANCELED');
    expect((await mpError(secondary.request({ name: 'silent' }))).code).to.equal('ECANCELED');
    expect((await mpError(secondary.request({ name: 'silent' }, { signal: abort.signal }))).code).to.equal(
      'ECANCELED',
    );
  });

  it('rejects bad input and sends nothing', async () => {
    const primary = await network.openPrimary();
    const secondary = await network.openSecondary();
    const bad: [object, string][] = [
      [{ name: '' }, 'EINVAL'],
      [{ name: 'x'.repeat(64) }, 'E2BIG'],
      [{ name: 'x', param: new Uint8Array(257) }, 'E2BIG'],
      [{ name: 'x', param: 'y'.repeat(256) }, 'E2BIG'],
      [{ name: 'x', param: 7 }, 'EINVAL'],
      [{ name: 'x', fds: [0, 0, 0, 0, 0, 0, 0, 0, 0] }, 'E2BIG'],
      [{ name: 'x', fds: [-1] }, 'EBADF'],
      [{ name: 'x', fds: [9999] }, 'EBADF'],
    ];
    for (const [message, code] of bad) {
      const given = message as { name: string };
      expect((await mpError(secondary.request(given))).code, JSON.stringify(message)).to.equal(code);
      expect((await mpError(() => secondary.requestSync(given))).code).to.equal(code);
      expect((await mpError(secondary.sendMessage(given))).code).to.equal(code);
    }
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      expect((await mpError(secondary.request({ name: 'x' }, { timeoutMs }))).code).to.equal('EINVAL');
      expect((await mpError(() => secondary.requestSync({ name: 'x' }, { timeoutMs }))).code).to.equal(
        'EINVAL',
      );
      expect((await mpError(secondary.sendMessage({ name: 'x' }, { timeoutMs }))).code).to.equal('EINVAL');
    }
    expect(secondary.stats.sent).to.equal(0);
    expect(primary.stats.received).to.equal(0);
  });
});
