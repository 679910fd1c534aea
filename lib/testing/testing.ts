/**
 * For the tests of programs that use this library: channels that reach each other without sockets, runtime directory
 * or DPDK, on any platform; peers that say what a test wants to hear; datagrams that get lost, late or damaged when a test
 * says so. Nothing here reads a clock: what happens is the test's doing, in an order of its own.
 *
 * @module
 */
import type { DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import type { MpChannel } from '../channel.js';
import { openOn } from '../open.js';
import type { ChannelOptions, OpenOptions, PrimaryOptions, SecondaryOptions } from '../options.js';
import { MemoryNames, MemoryTransport } from '../transport/memory-transport.js';
import type { Interceptor } from '../transport/testing-traffic.js';
import { type FakeAnswers, FakePeer } from './testing-fake-peer.js';

export type { Fate, Interceptor, Traffic } from '../transport/testing-traffic.js';
export { type FakeAnswer, type FakeAnswers, FakePeer } from './testing-fake-peer.js';

const AS_C = { unhandledRequests: 'silent' } as const;

/** Options of `createMemoryNetwork`. */
export interface MemoryNetworkOptions {
  /** What channels that are opened with dialect `'auto'` speak: that of the release that you test for; `'332/8'` by default. */
  readonly dialect?: DialectId | undefined;
}

/** A network of its own: channels of different networks, and of different file prefixes, never meet. */
export interface MemoryNetwork {
  /** As the package's `openPrimary`. */
  openPrimary(options?: PrimaryOptions): Promise<MpChannel>;
  /** As the package's `openSecondary`. `requestSync` gets answers of handlers that are synchronous. */
  openSecondary(options?: SecondaryOptions): Promise<MpChannel>;
  /** A primary with these answers, which is silent about everything else, as a C one. */
  fakePrimary(answers?: FakeAnswers, options?: PrimaryOptions): Promise<FakePeer>;
  /** A secondary with these answers, which is silent about everything else, as a C one. */
  fakeSecondary(answers?: FakeAnswers, options?: SecondaryOptions): Promise<FakePeer>;
  /** Lets a function decide on each datagram from now on; `undefined` delivers them all again. */
  intercept(interceptor: Interceptor | undefined): void;
  /** Ends a channel as if its process had been killed: its socket stays, without an owner. Throws `EINVAL` for another network's. */
  kill(channel: MpChannel): Promise<void>;
}

/**
 * Makes a network in memory. Its channels behave as real ones do, queue limit, errors and descriptors included, but all
 * of them live in this thread.
 *
 * @example
 * const network = createMemoryNetwork();
 * await using primary = await network.fakePrimary({ hello: { param: 'hi' }, busy: IGNORE, dead: 'silence' });
 * await using channel = await network.openSecondary(); // what your program would have opened
 * channel.requestSync({ name: 'hello' }).msgs[0]?.text(); // 'hi'
 * primary.received[0]?.name; // 'hello'
 */
export function createMemoryNetwork({ dialect }: MemoryNetworkOptions = {}): MemoryNetwork {
  const names = new MemoryNames();
  const transports = new WeakMap<MpChannel, MemoryTransport>();

  async function open(options: OpenOptions): Promise<MpChannel> {
    let transport: MemoryTransport | undefined;
    const channel = await openOn(options, (directory) => {
      transport = new MemoryTransport(names, directory);
      return transport;
    });
    if (transport !== undefined) transports.set(channel, transport);
    return channel;
  }

  function speaking<T extends ChannelOptions>(given: T): T {
    return given.dialect === undefined || given.dialect === 'auto' ? { ...given, dialect } : given;
  }

  const openPrimary = (options: PrimaryOptions = {}) => open({ role: 'primary', given: speaking(options) });
  const openSecondary = (options: SecondaryOptions = {}) =>
    open({ role: 'secondary', given: speaking(options) });

  async function kill(channel: MpChannel): Promise<void> {
    const transport = transports.get(channel);
    if (transport === undefined) {
      throw new MpError('EINVAL', 'This channel is not of this network: kill those that it has opened');
    }
    transport.die();
    await channel.close();
  }

  const fake = (channel: MpChannel, answers: FakeAnswers = {}) =>
    new FakePeer(channel, answers, () => kill(channel));

  return {
    openPrimary,
    openSecondary,
    fakePrimary: async (answers, options) => fake(await openPrimary({ ...AS_C, ...options }), answers),
    fakeSecondary: async (answers, options) => fake(await openSecondary({ ...AS_C, ...options }), answers),
    intercept(interceptor) {
      names.interceptor = interceptor;
    },
    kill,
  };
}
