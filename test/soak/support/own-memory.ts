// The memory of Node primaries in steady use: zones that come and go, pages with them, and primaries as a whole.
import { type MpChannel, openPrimary } from '../../../lib/index.js';
import { cleanPrefix, uniquePrefix } from '../../support/dpdk/prefix.js';

/** Ordinary files instead of hugepages, which work on any machine. The frequency is given because measuring it takes time. */
const MEMORY = { hugepages: false, tscHz: 2e9 } as const;
/** More than a page, so that the heap grows and shrinks. */
const BIG = 5 * 2 ** 20;

export class OwnMemory implements AsyncDisposable {
  /** Zones reserved, written to and freed. */
  reservations = 0;
  readonly #prefix: string;
  readonly #primary: MpChannel;

  private constructor(prefix: string, primary: MpChannel) {
    this.#prefix = prefix;
    this.#primary = primary;
  }

  static async open(): Promise<OwnMemory> {
    const prefix = uniquePrefix('soak-own');
    return new OwnMemory(prefix, await openPrimary({ filePrefix: prefix, memory: MEMORY }));
  }

  async round(number: number): Promise<void> {
    this.#use(this.#primary, 4096);
    if (number % 10 === 0) this.#use(this.#primary, BIG);
    if (number % 50 === 0) await this.#another();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#primary.close();
    cleanPrefix(this.#prefix);
  }

  #use({ memory }: MpChannel, length: number): void {
    const zone = memory.reserve(`SOAK${length}`, length);
    zone.bytes.fill(1);
    memory.free(zone);
    this.reservations++;
  }

  async #another(): Promise<void> {
    const prefix = uniquePrefix('soak-other');
    try {
      await using primary = await openPrimary({ filePrefix: prefix, memory: MEMORY });
      this.#use(primary, 4096);
    } finally {
      cleanPrefix(prefix);
    }
  }
}
