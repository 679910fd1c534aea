import type { Handler, Ignore } from '../actions/actions.js';
import type { MpChannel } from '../channel.js';
import type { ReceivedMessage, ReplyBody } from '../messages/message.js';

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
