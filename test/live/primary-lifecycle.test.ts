// Primaries that start late, are killed, end and start again.
import { expect } from 'chai';
import { type MpChannel, MpTimeoutError } from '../../lib/index.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { rejected } from '../support/mp-error.js';
import { live } from './support/live.js';

describe('live: a primary that goes away', () => {
  const scope = live('gone');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  /** All three ways to send fail with this code. */
  async function expectUnreachable(code: string): Promise<void> {
    await rejected(code, channel.request({ name: 'echo' }));
    await rejected(
      code,
      Promise.resolve().then(() => channel.requestSync({ name: 'echo' })),
    );
    await rejected(code, channel.sendMessage({ name: 'silent' }));
  }

  /** All three ways to send reach the primary, on the channel as it is. */
  async function expectServed(by: CPeer): Promise<void> {
    using first = await channel.request({ name: 'echo', param: 'request' });
    expect(first.msgs[0]?.text()).to.equal('request');
    using second = channel.requestSync({ name: 'echo', param: 'requestSync' });
    expect(second.msgs[0]?.text()).to.equal('requestSync');
    await channel.sendMessage({ name: 'silent', param: 'sendMessage' });
    expect((await by.waitFor(/^got name=silent/)).fields.text).to.equal('sendMessage');
  }

  async function kill(): Promise<void> {
    primary.kill('SIGKILL');
    await primary.exited;
  }

  it('makes a waiting request time out and the next ones fail with ECONNREFUSED when it is killed', async () => {
    await expectServed(primary);
    const asking = channel.request({ name: 'silent' }, { timeoutMs: 400 });
    const waiting = rejected('ETIMEDOUT', asking);
    await primary.waitFor(/^got name=silent/);
    await kill();
    const error = await waiting;
    expect(error).to.be.instanceOf(MpTimeoutError);
    expect((error as MpTimeoutError).reply).to.include({ nbSent: 1, nbReceived: 0 });
    await expectUnreachable('ECONNREFUSED');
  });

  it('makes calls fail with ENOENT when it has ended cleanly', async () => {
    await expectServed(primary);
    await primary.quit();
    await expectUnreachable('ENOENT');
    expect(channel.peers()).to.deep.equal([]);
  });

  for (const [how, end] of [
    ['is killed', kill],
    ['ends', () => primary.quit()],
  ] as const) {
    it(`serves the same channel when it ${how} and is started again`, async () => {
      await expectServed(primary);
      await end();
      await expectServed(await scope.startPrimary());
    });

    it(`serves the same channel when it ${how}, a call fails, and it is started again`, async () => {
      await end();
      await rejected(how === 'ends' ? 'ENOENT' : 'ECONNREFUSED', channel.request({ name: 'echo' }));
      await expectServed(await scope.startPrimary());
    });
  }

  it('reaches the handlers that were registered before when it is started again', async () => {
    channel.registerAction('hello', (msg) => ({ param: `hello ${msg.text()}` }));
    await kill();
    const next = await scope.startPrimary();
    expect((await next.command('req hello again 5000')).fields).to.include({
      nb_sent: '1',
      nb_received: '1',
    });
    expect((await next.waitFor(/^req\.reply/, { from: 0 })).fields.text).to.equal('hello again');
  });

  it('leaves no request or answer for its successor', async () => {
    const asking = rejected(
      'ETIMEDOUT',
      channel.request({ name: 'silent', param: 'old' }, { timeoutMs: 800 }),
    );
    await primary.waitFor(/^got name=silent/);
    await kill();
    const next = await scope.startPrimary();
    using reply = await channel.request({ name: 'echo', param: 'new' });
    expect(reply.msgs[0]?.text()).to.equal('new');
    await asking;
    expect(next.lines.filter(({ fields }) => fields.text === 'old')).to.deep.equal([]);
  });
});

describe('live: a secondary before its primary', () => {
  const scope = live('early');

  it('opens, rejects with ENOENT, and works once the primary runs', async () => {
    const channel = await scope.open();
    channel.registerAction('hello', () => ({ param: 'at your service' }));
    const error = await rejected('ENOENT', channel.request({ name: 'echo' }));
    expect(error.path).to.equal(`${scope.runtimeDir}/mp_socket`);
    const primary = await scope.startPrimary();
    using reply = await channel.request({ name: 'echo', param: 'good morning' });
    expect(reply.msgs[0]?.text()).to.equal('good morning');
    expect((await primary.command('req hello - 5000')).fields).to.include({ ret: '0', nb_received: '1' });
  });

  it('opens as a private channel', async () => {
    const channel = await scope.open({ visibility: 'private' });
    await rejected('ENOENT', channel.request({ name: 'echo' }));
    await scope.startPrimary();
    using reply = channel.requestSync({ name: 'echo', param: 'in private' });
    expect(reply.msgs[0]?.text()).to.equal('in private');
  });
});
