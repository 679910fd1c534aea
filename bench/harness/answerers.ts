// Two secondaries that answer, one in Node and one in C. The primary sees one of them at a time.
import { readdirSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { MpChannel } from '../../lib/index.js';
import { type Contender, place } from './turns.js';

type Turn = Required<Pick<Contender, 'before' | 'after'>>;

export class Answerers implements AsyncDisposable {
  /** Shows the Node secondary for one turn. */
  readonly node: Turn;
  /** Shows the C secondary for one turn. */
  readonly c: Turn;
  readonly #channel: MpChannel;
  readonly #cSocket: HideableSocket;

  private constructor(channel: MpChannel, nodeSocket: HideableSocket, cSocket: HideableSocket) {
    this.#channel = channel;
    this.#cSocket = cSocket;
    const before = () => {
      place('others');
      nodeSocket.show();
    };
    const after = () => {
      place('anywhere');
      nodeSocket.hide();
    };
    this.node = { before, after };
    this.c = { before: () => cSocket.show(), after: () => cSocket.hide() };
  }

  /** `channel` must have visibility 'peer', and the C secondary must be the only other peer. */
  static open(channel: MpChannel, runtimeDir: string): Answerers {
    channel.registerAction('echo', ({ param, fds }) => ({ param, fds }));
    channel.registerAction('sink', () => {});
    const others = secondarySockets(runtimeDir).filter((path) => path !== channel.socketPath);
    const [c = ''] = others;
    return new Answerers(channel, new HideableSocket(channel.socketPath ?? ''), new HideableSocket(c));
  }

  /** Closes the Node secondary, and shows the C secondary again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel.close();
    this.#cSocket.show();
  }
}

/**
 * Hides a live secondary from the primary by renaming its socket file: a broadcast goes to the names in the directory,
 * while a bound socket works under any name of its file. Hidden from the start.
 */
class HideableSocket {
  readonly #path: string;
  readonly #hiddenPath: string;
  #isHidden = false;

  constructor(path: string) {
    this.#path = path;
    this.#hiddenPath = `${dirname(path)}/bench_hidden_${basename(path)}`;
    this.hide();
  }

  show(): void {
    if (this.#isHidden) renameSync(this.#hiddenPath, this.#path);
    this.#isHidden = false;
  }

  hide(): void {
    if (!this.#isHidden) renameSync(this.#path, this.#hiddenPath);
    this.#isHidden = true;
  }
}

function secondarySockets(runtimeDir: string): string[] {
  return readdirSync(runtimeDir)
    .filter((name) => name.startsWith('mp_socket_'))
    .map((name) => `${runtimeDir}/${name}`);
}
