// Node channels in steady use: requests both ways, broadcasts, descriptors, random datagrams, peers that come and go.
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MpChannel, openPrimary, openSecondary } from '../../../lib/index.js';
import { Generator } from '../../fuzz/support/generate.js';
import { Random } from '../../fuzz/support/random.js';
import { WIRES } from '../../fuzz/support/wire.js';
import { pathAddress, RawSender } from '../../support/raw-sender.js';

const SECONDARIES = 4;
const STRANGE = 8;

export class Traffic implements AsyncDisposable {
  readonly #runtimeDir: string;
  readonly #primary: MpChannel;
  readonly #secondaries: MpChannel[];
  readonly #random = new Random(1);
  readonly #stranger = new RawSender();
  readonly #strange = new Generator(this.#random, WIRES['332/8'], ['echo', 'unknown']);
  readonly #file = openSync('/dev/null', 'r');
  #sent = 0;

  private constructor(runtimeDir: string, primary: MpChannel, secondaries: MpChannel[]) {
    this.#runtimeDir = runtimeDir;
    this.#primary = primary;
    this.#secondaries = secondaries;
    this.#stranger.target = pathAddress(primary.socketPath ?? '');
  }

  static async open(): Promise<Traffic> {
    const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
    const primary = echoing(await openPrimary({ runtimeDir, filePrefix: 'soak' }));
    const secondaries: MpChannel[] = [];
    while (secondaries.length < SECONDARIES) secondaries.push(await openOne(runtimeDir));
    return new Traffic(runtimeDir, primary, secondaries);
  }

  /** Number of datagrams that channels have received. */
  get messages(): number {
    return this.#primary.stats.received + this.#sent;
  }

  async round(number: number): Promise<void> {
    const fds = [this.#file];
    const ask = async (channel: MpChannel, param: string) => {
      using reply = await channel.request({ name: 'echo', param, fds });
      for (const msg of reply.msgs) if (msg.text() !== param) throw new RangeError(`${param}: ${msg.text()}`);
      this.#sent += reply.nbReceived;
    };
    await Promise.all(this.#secondaries.map((channel, i) => ask(channel, `${number} of ${i}`)));
    await ask(this.#primary, `broadcast ${number}`);
    await this.#primary.sendMessage({ name: 'silent', fds });
    await this.#secondaries[0]?.sendMessage({ name: 'silent', fds });
    for (let i = 0; i < STRANGE; i++) {
      const { bytes, fdCount } = this.#strange.next();
      this.#stranger.send(bytes, new Array(fdCount).fill(this.#file)); // as far as there is room
    }
    if (number % 10 === 0) await this.#replaceOne();
    if (number % 50 === 0) await this.#timeOut();
  }

  /** Waits until no message is under way. */
  async quiet(): Promise<void> {
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of [this.#primary, ...this.#secondaries]) await channel.close();
    this.#stranger.close();
    closeSync(this.#file);
    rmSync(this.#runtimeDir, { recursive: true });
  }

  async #replaceOne(): Promise<void> {
    await this.#secondaries.shift()?.close();
    this.#secondaries.push(await openOne(this.#runtimeDir));
  }

  /** Sends a request that gets no answer. */
  async #timeOut(): Promise<void> {
    const asked = this.#primary.request({ name: 'silent' }, { timeoutMs: 5 });
    await asked.then(
      () => {
        throw new RangeError('answered');
      },
      () => {},
    );
  }
}

async function openOne(runtimeDir: string): Promise<MpChannel> {
  return echoing(await openSecondary({ runtimeDir, filePrefix: 'soak' }));
}

function echoing(channel: MpChannel): MpChannel {
  channel.registerAction('echo', (msg) => ({ param: msg.param, fds: msg.fds }));
  channel.registerAction('silent', () => {});
  return channel;
}
