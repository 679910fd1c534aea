// No sequence of calls sends a malformed datagram: everything that is sent is checked as C does.
import { expect } from 'chai';
import fc from 'fast-check';
import { type MpChannel, MpError, openPrimary, openSecondary, type Peer } from '../../lib/index.js';
import { type DialectId, encodeMessage, MpType } from '../../protocol/index.js';
import type { DatagramSocket } from '../../sys/datagram-socket.js';
import { StageScope } from '../support/stage.js';
import { type Call, call, materialize } from './support/calls.js';
import { flawOf, IGN, int32, masked, nameBytes, paramBytes, putInt32, WIRES } from './support/wire.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 200);

describe('fuzz: what is sent', () => {
  const scope = new StageScope();

  for (const role of ['primary', 'secondary'] as const) {
    for (const dialect of ['332/8', '332/253', '340/253'] as const) {
      it(`is what C accepts, with random calls on a ${role}: ${dialect}`, async function () {
        this.timeout(RUNS * 1000 + 20_000);
        const bench = await Recorder.make(scope, role, dialect);
        await fc.assert(
          fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 30 }), async (calls) => {
            for (const each of calls) await bench.do(each);
            await bench.settle();
          }),
          { numRuns: RUNS },
        );
        expect(bench.seen).to.be.greaterThan(RUNS);
        expect(bench.refused).to.be.greaterThan(RUNS);
      });
    }
  }
});

/** A channel, and sockets that record what it sends. */
class Recorder {
  seen = 0;
  refused = 0;
  readonly #dialect: DialectId;
  readonly #channel: MpChannel;
  readonly #sockets: DatagramSocket[];
  #running: Promise<void>[] = [];
  #known: Peer = { path: '/nowhere' };
  /** What the handler returns for the next request. */
  #answer: unknown;

  private constructor(dialect: DialectId, channel: MpChannel, sockets: DatagramSocket[]) {
    this.#dialect = dialect;
    this.#channel = channel;
    this.#sockets = sockets;
    channel.on('error', (error) => this.#mustBeMpError(error));
    channel.registerAction('asked', (_msg, peer) => {
      this.#known = peer;
      return this.#answer as object;
    });
  }

  static async make({ stage, keep }: StageScope, role: 'primary' | 'secondary', dialect: DialectId) {
    const isPrimary = role === 'primary';
    const names = isPrimary ? ['mp_socket_1_a', 'mp_socket_1_b'] : ['mp_socket'];
    const sockets = names.map((name) => stage.socket(name));
    const open = isPrimary ? openPrimary : openSecondary;
    const channel = await keep(open({ ...stage.options, dialect, busyPollMicros: 0 }));
    return new Recorder(dialect, channel, sockets);
  }

  async do({ message: given, later, ...rest }: Call): Promise<void> {
    const message = materialize(given);
    try {
      this.#running.push(this.#call({ ...rest, later, message }).then(() => {}, this.#refuse));
    } catch (error) {
      this.#refuse(error);
    }
    if (later !== undefined && typeof message === 'object' && message !== null)
      Object.assign(message, materialize(later));
    this.#record();
    await new Promise(setImmediate);
    this.#record();
  }

  async settle(): Promise<void> {
    const running = Promise.all(this.#running.splice(0));
    let isDone = false;
    void running.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise(setImmediate);
      this.#record();
    }
    await running;
  }

  #call({ kind, message, peer, timeoutMs }: Call): Promise<unknown> {
    const channel = this.#channel;
    const options = { timeoutMs: timeoutMs as number };
    const wrong = message as Parameters<MpChannel['request']>[0];
    if (kind === 'sendMessage') return channel.sendMessage(wrong, options);
    if (kind === 'request') return channel.request(wrong, options);
    if (kind === 'reply') return channel.reply(wrong, this.#peerOf(peer));
    if (kind === 'asked') return this.#ask(message);
    channel.requestSync(wrong, options)[Symbol.dispose]();
    return Promise.resolve();
  }

  #peerOf(peer: unknown): Peer {
    if (peer === 'known') return this.#known;
    return (peer === 'self' ? { path: this.#channel.socketPath } : peer) as Peer;
  }

  /** Makes the channel's handler return `answer`. */
  async #ask(answer: unknown): Promise<void> {
    this.#answer = answer;
    const request = encodeMessage(this.#dialect, MpType.REQ, { name: 'asked' });
    this.#sockets[0]?.send(request, [], this.#channel.socketPath);
    await new Promise(setImmediate);
  }

  readonly #refuse = (error: unknown) => {
    this.refused++;
    this.#mustBeMpError(error);
  };

  #mustBeMpError(error: unknown): void {
    if (!(error instanceof MpError)) throw new Error('not an error of ours', { cause: error });
  }

  #record(): void {
    for (const socket of this.#sockets) {
      for (let got = socket.receive(); got !== undefined; got = socket.receive()) {
        if (typeof got === 'number') throw new RangeError(`recvmsg: ${got}`);
        for (const fd of got.fds) fd.close();
        this.seen++;
        this.#check(got.bytes, got.fds.length, got.truncated, got.sender);
      }
    }
  }

  #check(bytes: Uint8Array, fdCount: number, truncated: boolean, sender: string | undefined): void {
    const wire = WIRES[this.#dialect];
    expect({ truncated, flaw: flawOf(wire, bytes, fdCount) }).to.deep.equal({
      truncated: false,
      flaw: undefined,
    });
    expect(sender).to.match(/\/mp_(socket|reply)/);
    expect(nameBytes(wire, bytes)).to.have.length.greaterThan(0);
    const type = int32(bytes, 0);
    expect(type).to.be.within(0, IGN);
    if (type === IGN) expect([fdCount, paramBytes(wire, bytes).length]).to.deep.equal([0, 0]);
    const expected = masked(wire, bytes);
    if (this.#dialect === '340/253') putInt32(expected, 336, -1);
    expect(Buffer.compare(bytes, expected), 'bytes that mean nothing are zero').to.equal(0);
  }
}
