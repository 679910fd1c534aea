// Bad input is never sent: one malformed datagram would end the primary's message thread.
import { expect } from 'chai';
import type { Message, MpChannel } from '../../lib/index.js';
import { letters, withFds } from '../support/descriptors.js';
import type { CPeer } from '../support/dpdk/peer.js';
import { rejected } from '../support/mp-error.js';
import { expectServing } from './support/asking.js';
import { live } from './support/live.js';

const BAD: Readonly<Record<string, readonly [string, Message]>> = {
  'an empty name': ['EINVAL', { name: '' }],
  'a name of 64 bytes': ['E2BIG', { name: 'n'.repeat(64) }],
  'a name of 64 bytes in 32 letters': ['E2BIG', { name: 'ö'.repeat(32) }],
  'a name with a NUL': ['EINVAL', { name: 'ec\0ho' }],
  'a name that is no string': ['EINVAL', { name: 5 as unknown as string }],
  '257 bytes': ['E2BIG', { name: 'echo', param: new Uint8Array(257) }],
  'text that has no room for its NUL': ['E2BIG', { name: 'echo', param: 'x'.repeat(256) }],
  'a param that is neither bytes nor text': ['EINVAL', { name: 'echo', param: [1] as unknown as Uint8Array }],
  'a negative descriptor': ['EBADF', { name: 'echo', fds: [-1] }],
  'a descriptor that is no number': ['EBADF', { name: 'echo', fds: [0.5] }],
  'a descriptor that is not open': ['EBADF', { name: 'silent', fds: [1_000_000] }],
  nothing: ['EINVAL', undefined as unknown as Message],
};

describe('live: bad input', () => {
  const scope = live('bad');
  let primary: CPeer;
  let channel: MpChannel;

  beforeEach(async () => {
    primary = await scope.startPrimary();
    channel = await scope.open();
  });

  async function expectRefused(code: string, message: Message): Promise<void> {
    await rejected(code, channel.request(message));
    await rejected(
      code,
      Promise.resolve().then(() => channel.requestSync(message)),
    );
    await rejected(code, channel.sendMessage(message));
    expect(channel.stats.sent).to.equal(0);
    await expectServing(primary, channel);
    expect(primary.lines.filter(({ event }) => event === 'got')).to.have.length.below(2);
  }

  for (const [what, [code, message]] of Object.entries(BAD)) {
    it(`rejects ${what} with ${code}, and sends nothing`, () => expectRefused(code, message));
  }

  it('rejects 9 descriptors with E2BIG, and sends nothing', () =>
    withFds(letters(9), (fds) => expectRefused('E2BIG', { name: 'silent', fds })));

  it('rejects everything with ECANCELED on a closed channel', async () => {
    await channel.close();
    await expectClosed();
  });

  async function expectClosed(): Promise<void> {
    const message = { name: 'echo' };
    await rejected('ECANCELED', channel.request(message));
    await rejected(
      'ECANCELED',
      Promise.resolve().then(() => channel.requestSync(message)),
    );
    await rejected('ECANCELED', channel.sendMessage(message));
    await rejected('ECANCELED', channel.reply(message, { path: `${scope.runtimeDir}/mp_socket` }));
  }
});
