// A channel that stays open while its primary is replaced by one of another release. A datagram of the wrong length
// would end the new one's message thread, and nothing else would show it.
import { expect } from 'chai';
import { type MpChannel, MpError } from '../../lib/index.js';
import { expectServing, hasMessageThread, WAYS } from '../live/support/asking.js';
import { live } from '../live/support/live.js';
import { needsDpdk } from '../support/dpdk/needs-dpdk.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { RELEASES, type Release } from '../support/dpdk/releases.js';
import { settling } from '../support/settling.js';
import { expectDialect } from './support/expected.js';

/** Each release with each other release that replaces it. */
const PAIRS = RELEASES.flatMap((from) =>
  RELEASES.filter((to) => to !== from).map((to): [Release, Release] => [from, to]),
);

type Contact = (channel: MpChannel, primary: CPeer) => Promise<void>;

/** Calls that are made before the new primary runs, while it starts, and when it has just become ready. */
const ATTEMPTS: Readonly<Record<string, (channel: MpChannel) => Promise<void>>> = {
  request: async (channel) => {
    using _reply = await channel.request({ name: 'echo' }, { timeoutMs: 50 });
  },
  requestSync: async (channel) => {
    using _reply = channel.requestSync({ name: 'echo' }, { timeoutMs: 50 });
  },
  sendMessage: (channel) => channel.sendMessage({ name: 'silent' }, { timeoutMs: 50 }),
};

/** What may happen first between the channel and the new primary. */
const FIRST: Readonly<Record<string, Contact>> = {
  ...Object.fromEntries(
    Object.entries(WAYS).map(([way, ask]): [string, Contact] => [
      way,
      async (channel) => {
        using reply = await ask(channel, { name: 'echo', param: 'new here?' });
        expect(reply.msgs[0]?.text()).to.equal('new here?');
      },
    ]),
  ),
  sendMessage: async (channel, primary) => {
    await channel.sendMessage({ name: 'silent', param: 'new here?' });
    expect((await primary.waitFor(/^got name=silent/)).fields.text).to.equal('new here?');
  },
  'its own request': async (_channel, primary) => {
    const { fields } = await primary.command('req who - 5000');
    expect(fields).to.include({ ret: '0', nb_sent: '1', nb_received: '1' });
  },
  'as many descriptors as it can send': async (channel, primary) => {
    const count = primary.lines.find(({ event }) => event === 'READY')?.fields.max_fds;
    const heard = settling<number>();
    channel.unregisterAction('give');
    channel.registerAction('give', ({ fds }) => heard.resolve(fds.length));
    await primary.command(`bcastfd give - ${count}`);
    expect(await heard.promise).to.equal(Number(count));
  },
  memory: async (channel, primary) => {
    const version = primary.lines.find(({ event }) => event === 'READY')?.fields.version;
    expect(`DPDK ${channel.memory.version}`).to.equal(version);
    const { fields } = await primary.command('lookup SHARED_INFO');
    expect(channel.memory.lookup('SHARED_INFO')?.addr).to.equal(BigInt(fields.addr ?? 0));
  },
};

describe('matrix: a primary replaced by one of another release', () => {
  const scope = live('replaced', { attachable: true });

  before(async function () {
    if (PAIRS.length === 0) this.skip();
    for (const release of RELEASES) await needsDpdk(this, { release, hugepages: 8 });
  });

  async function open(): Promise<MpChannel> {
    const channel = await scope.open();
    channel.registerAction('who', () => ({ param: 'still me' }));
    return channel;
  }

  async function kill(primary: CPeer): Promise<void> {
    primary.kill('SIGKILL');
    await primary.exited;
  }

  for (const [first, contact] of Object.entries(FIRST)) {
    it(`serves the same channel: ${RELEASES.join(', ')} and back, ${first} first`, async function () {
      this.timeout(120_000);
      let channel: MpChannel | undefined;
      for (const release of [...RELEASES, RELEASES[0] ?? '22.11']) {
        const primary = await scope.startPrimary({ release });
        channel ??= await open();
        await contact(channel, primary);
        expect(hasMessageThread(primary)).to.equal(true);
        await expectServing(primary, channel);
        expectDialect(channel, release);
        await kill(primary);
      }
    });
  }

  for (const [from, to] of PAIRS) {
    for (const [way, attempt] of Object.entries(ATTEMPTS)) {
      it(`${from} by ${to}: answers after ${way} was called all the time while it started`, async function () {
        this.timeout(120_000);
        const old = await scope.startPrimary({ release: from });
        const channel = await open();
        await expectServing(old, channel);
        await kill(old);
        const starting = scope.startPrimary({ release: to });
        const codes = await attemptUntil(starting, () => attempt(channel));
        const primary = await starting;
        await expectServing(primary, channel);
        expectDialect(channel, to);
        expect([...codes]).to.include('ECONNREFUSED');
      });
    }
  }
});

/** Makes attempts until the primary is ready; returns the codes that they failed with. */
async function attemptUntil(starting: Promise<CPeer>, attempt: () => Promise<void>): Promise<Set<string>> {
  const codes = new Set<string>();
  let isReady = false;
  const ready = starting.then(() => {
    isReady = true;
  });
  while (!isReady) {
    try {
      await attempt();
    } catch (error) {
      codes.add(error instanceof MpError ? error.code : String(error));
    }
    await Promise.race([ready, new Promise(setImmediate)]);
  }
  return codes;
}
