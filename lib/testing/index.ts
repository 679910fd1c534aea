/**
 * For the tests of programs that use this library: channels that reach each other without sockets, runtime directory
 * or DPDK, on any platform; peers that say what a test wants to hear; datagrams that get lost, late or damaged when a test
 * says so. Nothing here reads a clock: what happens is the test's doing, in an order of its own.
 *
 * @module
 */
import type { DialectId } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import type { Handler, Ignore } from '../actions/actions.js';
import type { MpChannel } from '../channel.js';
import type { ReceivedMessage, ReplyBody } from '../messages/message.js';
import { openOn } from '../open.js';
import type { ChannelOptions, OpenOptions, PrimaryOptions, SecondaryOptions } from '../options.js';
import { type Interceptor, MemoryNames, MemoryTransport } from '../transport/in-process.js';

export type { Fate, Interceptor, Traffic } from '../transport/in-process.js';

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

/**
 * What a fake peer answers: always the same, `IGNORE`, nothing at all (so that the asker runs into its timeout), or what
 * a handler makes of the request.
 */
export type FakeAnswer = ReplyBody | Ignore | 'silence' | Handler;

/** By the name of the action. */
export type FakeAnswers = Readonly<Record<string, FakeAnswer>>;

/**
 * The other side in a test of your own program: it answers as it is told and remembers what it was asked. As a C process
 * does, it says nothing to a request that it has no answer for.
 */
export class FakePeer implements AsyncDisposable {
  /** Its channel, for what it says by itself: `request`, `sendMessage`. */
  readonly channel: MpChannel;
  readonly #received: ReceivedMessage[] = [];
  readonly #kill: () => Promise<void>;

  /** @internal */
  constructor(channel: MpChannel, answers: FakeAnswers, kill: () => Promise<void>) {
    this.channel = channel;
    this.#kill = kill;
    for (const [name, answer] of Object.entries(answers)) this.answer(name, answer);
  }

  /** The requests and messages for actions that it has an answer for, in the order in which they came. */
  get received(): readonly ReceivedMessage[] {
    return this.#received;
  }

  /** Answers requests of this name so from now on. */
  answer(name: string, answer: FakeAnswer): this {
    this.channel.unregisterAction(name);
    this.channel.registerAction(name, (message, peer) => {
      this.#received.push(message);
      if (typeof answer === 'function') return answer(message, peer);
      return answer === 'silence' ? undefined : answer;
    });
    return this;
  }

  /** Ends as a process does that is killed: its name stays behind, and whoever sends to it gets `ECONNREFUSED`. */
  async kill(): Promise<void> {
    await this.#kill();
  }

  /** Ends as a process does that cleans up: from then on `ENOENT`. */
  async close(): Promise<void> {
    await this.channel.close();
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
