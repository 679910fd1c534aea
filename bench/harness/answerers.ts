// Two secondaries that answer, one in Node and one in C, of which the primary sees one at a time.
import { readdirSync } from 'node:fs';
import type { MpChannel } from '../../lib/index.js';
import { Hidden } from './hidden.js';
import { place } from './placement.js';
import type { Contender } from './turns.js';

type Turn = Required<Pick<Contender, 'before' | 'after'>>;

export class Answerers implements AsyncDisposable {
  /** Around a turn of the one in Node. */
  readonly node: Turn;
  readonly c: Turn;
  readonly #channel: MpChannel;
  readonly #hidden: Hidden;

  private constructor(channel: MpChannel, node: Hidden, c: Hidden) {
    this.#channel = channel;
    this.#hidden = c;
    const before = () => {
      place('others');
      node.show();
    };
    const after = () => {
      place('anywhere');
      node.hide();
    };
    this.node = { before, after };
    this.c = { before: () => c.show(), after: () => c.hide() };
  }

  /** `channel` must be a peer, and nobody but the C secondary another one. */
  static open(channel: MpChannel, runtimeDir: string): Answerers {
    channel.registerAction('echo', ({ param, fds }) => ({ param, fds }));
    channel.registerAction('sink', () => {});
    const others = secondarySockets(runtimeDir).filter((path) => path !== channel.socketPath);
    const [c = ''] = others;
    return new Answerers(channel, new Hidden(channel.socketPath ?? ''), new Hidden(c));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel.close();
    this.#hidden.show();
  }
}

function secondarySockets(runtimeDir: string): string[] {
  return readdirSync(runtimeDir)
    .filter((name) => name.startsWith('mp_socket_'))
    .map((name) => `${runtimeDir}/${name}`);
}
