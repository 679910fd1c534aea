// A live C primary in steady use: requests; its memory attached, read, written and detached; zones that come and go.
import { type MpChannel, openSecondary } from '../../../lib/index.js';
import { attachMemory, attachShared } from '../../../shm/index.js';
import type { CPeer } from '../../support/dpdk/peer.js';
import { PeerScope } from '../../support/dpdk/peers-for.js';

export class CMemory implements AsyncDisposable {
  attachments = 0;
  readonly #scope: PeerScope;
  readonly #primary: CPeer;
  readonly #channel: MpChannel;
  readonly #leak: number;
  readonly #leaked: Buffer[] = [];

  private constructor(scope: PeerScope, primary: CPeer, channel: MpChannel, leak: number) {
    this.#scope = scope;
    this.#primary = primary;
    this.#channel = channel;
    this.#leak = leak;
  }

  /** @param leak bytes to keep for each attachment */
  static async open(leak = 0): Promise<CMemory> {
    const scope = new PeerScope();
    scope.begin('soak');
    const primary = await scope.start({ role: 'primary', bigZone: false, quiet: true });
    const channel = await openSecondary({ filePrefix: scope.filePrefix });
    scope.defer(() => channel.close());
    return new CMemory(scope, primary, channel, leak);
  }

  /** How many lines of the C program's output are held: over hours they would grow. */
  get linesKept(): number {
    return this.#primary.lines.length;
  }

  async round(number: number): Promise<void> {
    const param = `round ${number}`;
    using reply = await this.#channel.request({ name: 'echo', param });
    if (reply.msgs[0]?.text() !== param) throw new RangeError(`C answers ${reply.msgs[0]?.text()}`);
    if (number % 5 !== 0) return;
    const name = `SOAK${number % 3}`;
    await this.#primary.command(`reserve ${name} 4096`);
    this.#look(name, number);
    await this.#primary.command(`free ${name}`);
    this.#primary.forgetOutput(); // CProcess keeps it for the messages of failing tests
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.end();
  }

  #look(name: string, number: number): void {
    using own = attachMemory({ filePrefix: this.#scope.filePrefix, writable: true });
    const zone = own.lookup(name);
    const same = this.#channel.memory.lookup(name);
    if (zone === undefined || same === undefined) throw new RangeError(`${name} isn't there`);
    zone.bytes[0] = number & 0xff;
    const seen = [same.bytes[0], own.snapshot(zone, { length: 1 })[0]];
    attachShared(zone.share()).detach();
    if (seen.some((byte) => byte !== (number & 0xff))) throw new RangeError(`${name} holds ${seen}`);
    if (this.#leak > 0) this.#leaked.push(Buffer.alloc(this.#leak));
    this.attachments++;
  }
}
