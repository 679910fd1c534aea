// What TypeScript users write must compile: `tsc` checks this file, too.
import { expect } from 'chai';
import {
  type ChannelOptions,
  type Handler,
  IGNORE,
  type Message,
  type SendOptions,
} from '../../lib/index.js';
import { createMemoryNetwork } from '../../lib/testing/index.js';

interface MaybeGiven {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly fds?: readonly number[];
  readonly runtimeDir?: string;
}

describe('types', () => {
  it('accept options that may be undefined', async () => {
    const given: MaybeGiven = {};
    const options: ChannelOptions = { runtimeDir: given.runtimeDir, signal: given.signal };
    const sending: SendOptions = { timeoutMs: given.timeoutMs, signal: given.signal };
    const message: Message = { name: 'x', fds: given.fds, param: undefined };
    const network = createMemoryNetwork();
    await using primary = await network.openPrimary(options);
    expect(await primary.request(message, sending)).to.include({ nbSent: 0 });
  });

  it('accept handlers of every kind', async () => {
    const handlers: Handler[] = [
      () => {},
      () => IGNORE,
      async () => {},
      async () => IGNORE,
      ({ text, param }) => ({ param: text === undefined ? param : 'x' }),
      async (msg) => (msg.fds.length > 0 ? { fds: msg.fds } : IGNORE),
      (msg) => (msg.name === 'x' ? undefined : { param: undefined }),
    ];
    await using primary = await createMemoryNetwork().openPrimary();
    handlers.forEach((handler, i) => {
      primary.registerAction(`h${i}`, handler);
    });
    expect(handlers.every((_, i) => primary.unregisterAction(`h${i}`))).to.equal(true);
  });
});
