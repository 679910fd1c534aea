// A live C primary survives random calls on a Node secondary: its IPC thread would end with one malformed datagram.
import { expect } from 'chai';
import fc from 'fast-check';
import { MpError, openSecondary } from '../../lib/index.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import { peersFor } from '../support/dpdk/peers-for.js';
import { describeReleases } from '../support/dpdk/releases.js';
import { type Call, call, materialize } from './support/calls.js';

const CALLS = Number(process.env.FUZZ_RUNS ?? 400);

describeReleases('fuzz: a C primary', (release) => {
  const scope = peersFor('unharmed', 'test', release);

  before(async function () {
    await needsDpdk(this, { release });
  });

  it(`answers after ${CALLS} random calls`, async function () {
    this.timeout(60_000 + CALLS * 20);
    const primary = await scope.start({
      role: 'primary',
      hugepages: false,
      memoryMb: 64,
      bigZone: false,
      quiet: true,
    });
    const channel = await openSecondary({ filePrefix: scope.filePrefix, busyPollMicros: 0 });
    scope.defer(() => channel.close());
    let refused = 0;
    const refuse = (error: unknown) => {
      if (!(error instanceof MpError)) throw error;
      refused++;
    };
    const act = async ({ kind, message: given, timeoutMs, peer }: Call) => {
      const message = materialize(given) as Parameters<typeof channel.request>[0];
      const options = { timeoutMs: timeoutMs as number };
      if (kind === 'request') return channel.request(message, options);
      if (kind === 'requestSync') return channel.requestSync(message, options);
      if (kind === 'sendMessage') return channel.sendMessage(message, options);
      const toPrimary = peer === 'known' ? { path: channel.peers()[0]?.path ?? '' } : peer;
      return channel.reply(message, toPrimary as Parameters<typeof channel.reply>[1]);
    };
    const calls = fc.sample(call, { numRuns: CALLS, seed: 1 });
    for (let i = 0; i < calls.length; i += 8) {
      await Promise.all(calls.slice(i, i + 8).map((each) => act(each).then(() => {}, refuse)));
    }
    expect(refused).to.be.within(CALLS / 10, CALLS - 1);
    expect(channel.stats.sent).to.be.greaterThan(CALLS / 20);
    using reply = await channel.request({ name: 'echo', param: 'still there' });
    expect(reply.msgs[0]?.text()).to.equal('still there');
    channel.registerAction('asked', (msg) => ({ param: msg.param }));
    const { fields } = await primary.command('req asked x 2000');
    expect(fields).to.include({ ret: '0', nb_received: '1' });
    await channel.close();
    await primary.quit();
  });
});
