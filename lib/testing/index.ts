/**
 * Tools for the tests of programs that use this library: channels that reach each other in process, without sockets, runtime
 * directory or DPDK, on any platform; fake peers with given answers; datagrams that get lost, late, repeated or damaged.
 * Nothing here reads a clock: a test decides what happens, and in which order.
 *
 * @module
 */
import type { DialectId } from '../../protocol/dialect.js';
import { invalid } from '../../protocol/errors.js';
import type { Handler, Ignore } from '../actions/actions.js';
import type { MpChannel } from '../channel.js';
import type { ReceivedMessage, ReplyBody } from '../messages/message.js';
import { openOn } from '../open.js';
import type { ChannelOptions, OpenOptions, PrimaryOptions, SecondaryOptions } from '../options.js';
import { InProcessNames, InProcessTransport, type Interceptor } from '../transport/in-process.js';

export type { Fate, Interceptor, Traffic } from '../transport/in-process.js';

/** Options of `createMemoryNetwork`. */
export interface MemoryNetworkOptions {
  /** Dialect of channels that are opened with dialect `'auto'`: that of the release to test for. Default `'332/8'`. */
  readonly dialect?: DialectId | undefined;
}

/**
 * A network in memory, which `createMemoryNetwork` makes. Channels of different networks, or of different file prefixes,
 * don't reach each other.
 */
export interface MemoryNetwork {
  /**
   * Opens a primary of this network; same as `openPrimary` of `dpdk-ipc`, without the option `memory` (`ENOTSUP`).
   *
   * @example
   * await using primary = await network.openPrimary({ filePrefix: 'rte' });
   */
  openPrimary(options?: PrimaryOptions): Promise<MpChannel>;
  /**
   * Opens a secondary of this network; same as `openSecondary` of `dpdk-ipc`. Its `requestSync` gets answers from
   * synchronous handlers only.
   *
   * @example
   * await using secondary = await network.openSecondary({ filePrefix: 'rte' });
   */
  openSecondary(options?: SecondaryOptions): Promise<MpChannel>;
  /**
   * Opens a primary that gives these answers. It answers nothing else, as a C primary.
   *
   * @example
   * await using primary = await network.fakePrimary({ hello: { param: 'hi' } });
   */
  fakePrimary(answers?: FakeAnswers, options?: PrimaryOptions): Promise<FakePeer>;
  /**
   * Opens a secondary that gives these answers. It answers nothing else, as a C secondary.
   *
   * @example
   * await using secondary = await network.fakeSecondary({ hello: 'silence' });
   */
  fakeSecondary(answers?: FakeAnswers, options?: SecondaryOptions): Promise<FakePeer>;
  /**
   * Sets the function that decides on each datagram from now on; `undefined` delivers all of them again.
   *
   * @example
   * network.intercept(({ name }) => (name === 'hello' ? 'lose' : undefined));
   */
  intercept(interceptor: Interceptor | undefined): void;
  /**
   * Ends a channel as if its process had been killed: its socket stays, and sends to it fail with `ECONNREFUSED`. Rejects
   * with `EINVAL` for a channel of another network.
   *
   * @example
   * await network.kill(channel);
   */
  kill(channel: MpChannel): Promise<void>;
}

/**
 * Makes a network in memory. Its channels behave as those on sockets do, including queue limit, errors and descriptors, but
 * all of them are in this thread.
 *
 * @example
 * const network = createMemoryNetwork();
 * await using primary = await network.fakePrimary({ hello: { param: 'hi' }, busy: IGNORE, dead: 'silence' });
 * await using channel = await network.openSecondary(); // what your program would have opened
 * channel.requestSync({ name: 'hello' }).msgs[0]?.text(); // 'hi'
 * primary.received[0]?.name; // 'hello'
 */
export function createMemoryNetwork({ dialect }: MemoryNetworkOptions = {}): MemoryNetwork {
  const names = new InProcessNames();
  const transports = new WeakMap<MpChannel, InProcessTransport>();

  async function open(options: OpenOptions): Promise<MpChannel> {
    let transport: InProcessTransport | undefined;
    const channel = await openOn(options, (directory) => {
      transport = new InProcessTransport(names, directory);
      return transport;
    });
    if (transport !== undefined) transports.set(channel, transport);
    return channel;
  }

  function withDialect<T extends ChannelOptions>(given: T): T {
    return given.dialect === undefined || given.dialect === 'auto' ? { ...given, dialect } : given;
  }

  const openPrimary = (options: PrimaryOptions = {}) =>
    open({ role: 'primary', given: withDialect(options) });
  const openSecondary = (options: SecondaryOptions = {}) =>
    open({ role: 'secondary', given: withDialect(options) });

  async function kill(channel: MpChannel): Promise<void> {
    const transport = transports.get(channel);
    if (transport === undefined) {
      throw invalid('The channel is not of this network: give one that this network has opened');
    }
    transport.die();
    await channel.close();
  }

  const fake = (channel: MpChannel, answers: FakeAnswers = {}) =>
    new FakePeer(channel, answers, () => kill(channel));
  const asInC = { unhandledRequests: 'silent' } as const;

  return {
    openPrimary,
    openSecondary,
    fakePrimary: async (answers, options) => fake(await openPrimary({ ...asInC, ...options }), answers),
    fakeSecondary: async (answers, options) => fake(await openSecondary({ ...asInC, ...options }), answers),
    intercept(interceptor) {
      names.interceptor = interceptor;
    },
    kill,
  };
}

/**
 * Answer of a fake peer to one action: always the same reply, `IGNORE`, `'silence'` (no answer, so that the requester runs
 * into its timeout), or a handler that makes the answer.
 *
 * @example
 * const echo: FakeAnswer = (message) => ({ param: message.param });
 */
export type FakeAnswer = ReplyBody | Ignore | 'silence' | Handler;

/** Answers of a fake peer, by the name of the action. */
export type FakeAnswers = Readonly<Record<string, FakeAnswer>>;

/**
 * The other side in the test of a program: it gives fixed answers and records the messages that it got. It doesn't answer a
 * request that it has no answer for, as a C process doesn't.
 *
 * @example
 * await using primary = await network.fakePrimary({ hello: { param: 'hi' } });
 */
export class FakePeer implements AsyncDisposable {
  /** Channel of the peer, which a test sends requests and messages with. */
  readonly channel: MpChannel;
  readonly #received: ReceivedMessage[] = [];
  readonly #kill: () => Promise<void>;

  /** @internal */
  constructor(channel: MpChannel, answers: FakeAnswers, kill: () => Promise<void>) {
    this.channel = channel;
    this.#kill = kill;
    for (const [name, answer] of Object.entries(answers)) this.answer(name, answer);
  }

  /** The requests and messages that it got for the actions that it has an answer for, in the order of arrival. */
  get received(): readonly ReceivedMessage[] {
    return this.#received;
  }

  /**
   * Sets the answer to the requests of this name from now on.
   *
   * @example
   * primary.answer('hello', 'silence');
   */
  answer(name: string, answer: FakeAnswer): this {
    this.channel.unregisterAction(name);
    this.channel.registerAction(name, (message, peer) => {
      this.#received.push(message);
      if (typeof answer === 'function') return answer(message, peer);
      return answer === 'silence' ? undefined : answer;
    });
    return this;
  }

  /**
   * Ends as a killed process does: its socket stays, and sends to it fail with `ECONNREFUSED`.
   *
   * @example
   * await primary.kill();
   */
  async kill(): Promise<void> {
    await this.#kill();
  }

  /**
   * Ends as a process that cleans up: its socket goes, and sends to it fail with `ENOENT`.
   *
   * @example
   * await primary.close();
   */
  async close(): Promise<void> {
    await this.channel.close();
  }

  /** Same as {@link FakePeer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
