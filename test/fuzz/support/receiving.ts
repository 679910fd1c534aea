// A channel that gets random datagrams from senders of every kind, and must serve the valid ones.
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MpChannel, openPrimary, openSecondary } from '../../../lib/index.js';
import type { DialectId } from '../../../protocol/index.js';
import { DatagramSocket } from '../../../sys/datagram-socket.js';
import { abstractAddress, pathAddress, RawSender } from '../../support/raw-sender.js';
import { ACTIONS, differences, emptyTally, expectOf, type Tally, tallyOf } from './expectation.js';
import { Generator } from './generate.js';
import { Random } from './random.js';
import { flawOf, WIRES } from './wire.js';

export interface Target {
  readonly role: 'primary' | 'secondary';
  readonly socketNamespace: 'filesystem' | 'abstract';
  readonly dialect: DialectId;
}

export const TARGETS: readonly Target[] = (['332/8', '332/253', '340/253'] as const).flatMap((dialect) => [
  { role: 'primary', socketNamespace: 'filesystem', dialect },
  { role: 'secondary', socketNamespace: 'filesystem', dialect },
  { role: 'primary', socketNamespace: 'abstract', dialect },
]);

/** How many datagrams the kernel queues at one socket, less one. */
const BATCH = 10;
/** No datagram takes so long: after this time, counters that differ are an error. */
const PATIENCE_MS = 10_000;

interface Sender {
  readonly raw: RawSender;
  readonly canBeAnswered: boolean;
}

/** Sends `count` datagrams to a target; throws when a counter is wrong. Returns the counters. */
export async function fuzzReceiving(
  target: Target,
  count: number,
  seed: number,
  onProgress: (done: number) => void = () => {},
): Promise<Tally> {
  const fuzz = await ReceiveFuzz.open(target, seed);
  try {
    for (let done = 0; done < count; ) {
      done += await fuzz.batch(Math.min(BATCH, count - done));
      onProgress(done);
    }
    return fuzz.expected;
  } finally {
    await fuzz.close();
  }
}

class ReceiveFuzz {
  readonly expected = emptyTally();
  readonly #handlers = { served: 0, errors: 0, taken: 0 };
  readonly #target: Target;
  readonly #seed: number;
  readonly #random: Random;
  readonly #generator: Generator;
  readonly #channel: MpChannel;
  readonly #runtimeDir: string;
  /** The sender's socket that answers come to. */
  readonly #home: DatagramSocket;
  readonly #senders: Sender[];
  readonly #files = Array.from({ length: 253 }, () => openSync('/dev/null', 'r'));
  #answers = 0;

  private constructor(target: Target, seed: number, channel: MpChannel, runtimeDir: string) {
    this.#target = target;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#generator = new Generator(this.#random, WIRES[target.dialect], [
      ...ACTIONS,
      'unknown',
      'größe',
      '',
    ]);
    this.#channel = channel;
    this.#runtimeDir = runtimeDir;
    this.#home = openHome(`${runtimeDir}/fuzz/mp_socket_1_a`, target.socketNamespace);
    this.#senders = this.#makeSenders();
    this.#register();
  }

  static async open(target: Target, seed: number): Promise<ReceiveFuzz> {
    const runtimeDir = mkdtempSync(join(tmpdir(), 'mp-'));
    mkdirSync(`${runtimeDir}/fuzz`, { mode: 0o700 });
    const { role, ...options } = target;
    const open = role === 'primary' ? openPrimary : openSecondary;
    return new ReceiveFuzz(
      target,
      seed,
      await open({ runtimeDir, filePrefix: 'fuzz', ...options }),
      runtimeDir,
    );
  }

  /** Sends `most` datagrams and waits until each has been counted; returns how many were sent. */
  async batch(most: number): Promise<number> {
    const wire = WIRES[this.#target.dialect];
    const before = this.expected.sent;
    for (let i = 0; i < most; i++) {
      const generated = this.#generator.next();
      const { raw, canBeAnswered } = this.#random.pick(this.#senders);
      const result = raw.send(generated.bytes, this.#files.slice(0, generated.fdCount), generated.parts);
      if (result !== 0) throw new RangeError(`sendmsg: ${result}`);
      expectOf(this.expected, wire, generated, canBeAnswered);
    }
    await this.#settle();
    this.#takeAnswers(this.expected.sent - before);
    return most;
  }

  async close(): Promise<void> {
    await this.#channel.close();
    this.#home.close();
    for (const { raw } of this.#senders) if (raw.fd !== this.#home.fd) raw.close();
    for (const file of this.#files) closeSync(file);
    rmSync(this.#runtimeDir, { recursive: true });
  }

  async #settle(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      await new Promise(setImmediate);
      const wrong = differences(tallyOf(this.#channel, this.#handlers), this.expected);
      if (wrong === '') return;
      if (performance.now() > deadline) {
        throw new RangeError(
          `${JSON.stringify(this.#target)}, seed ${this.#seed}, actual/expected: ${wrong}`,
        );
      }
    }
  }

  /** Expects answers that C would accept. */
  #takeAnswers(count: number): void {
    const wire = WIRES[this.#target.dialect];
    for (let i = 0; i < count; i++) {
      const answer = this.#home.receive();
      if (answer === undefined || typeof answer === 'number')
        throw new RangeError(`${i} of ${count} answers`);
      for (const fd of answer.fds) fd.close();
      const flaw = answer.truncated ? 'length' : flawOf(wire, answer.bytes, answer.fds.length);
      if (flaw !== undefined) throw new RangeError(`an answer that C would not take: ${flaw}`);
      this.#answers++;
    }
    if (this.#home.receive() !== undefined) throw new RangeError(`an answer too many after ${this.#answers}`);
  }

  #makeSenders(): Sender[] {
    const { socketNamespace } = this.#target;
    const path = this.#channel.socketPath ?? '';
    const isAbstract = socketNamespace === 'abstract';
    const directory = Buffer.from(`${this.#runtimeDir}/fuzz/`);
    const notUtf8 = Buffer.concat([directory, Buffer.alloc(107 - directory.length, 0xff)]);
    const unanswerable = [
      new RawSender(), // no name at all
      // a name in the other namespace
      isAbstract
        ? new RawSender().bind(pathAddress(`${directory}other`))
        : new RawSender().bind(abstractAddress(`${directory}other`)),
      new RawSender().bind(isAbstract ? Buffer.concat([Buffer.alloc(1), notUtf8]) : pathAddress(notUtf8)),
    ];
    const home = { raw: new RawSender(this.#home.fd), canBeAnswered: true };
    const others = unanswerable.map((raw) => ({ raw, canBeAnswered: false }));
    const senders = [home, home, home, ...others];
    for (const { raw } of senders) raw.target = isAbstract ? abstractAddress(path) : pathAddress(path);
    return senders;
  }

  #register(): void {
    const channel = this.#channel;
    const serve = () => this.#handlers.served++;
    channel.on('error', () => this.#handlers.errors++);
    channel.registerAction('echo', (msg) => {
      serve();
      return { param: msg.param, fds: msg.fds };
    });
    channel.registerAction('later', async (msg) => {
      serve();
      await new Promise(setImmediate);
      return { param: msg.param, fds: msg.fds };
    });
    channel.registerAction('silent', () => void serve());
    channel.registerAction('take', (msg) => {
      serve();
      for (const fd of msg.takeFds()) {
        closeSync(fd);
        this.#handlers.taken++;
      }
    });
    channel.registerAction('throw', () => {
      serve();
      throw new RangeError('on purpose');
    });
  }
}

function openHome(path: string, namespace: Target['socketNamespace']): DatagramSocket {
  const socket = DatagramSocket.open(namespace);
  if (typeof socket === 'number' || socket.bind(path) !== 0) throw new RangeError(`no socket at ${path}`);
  return socket;
}
