// The tutorial's `struct shared_info`, over the bytes of the server's memzone.

/** Size of the struct: one cache line. */
export const SHARED_INFO_LENGTH = 64;

const FORCE_QUIT = 0;
const REQUEST_COUNT = 8;
const ASYNC_REQUEST_COUNT = 16;

export class SharedInfo {
  readonly #view: DataView<ArrayBufferLike>;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, SHARED_INFO_LENGTH);
  }

  /** Tells the server to end. C reads a `volatile uint32_t`; `Atomics` writes it once and at once. */
  forceQuit(): void {
    const { buffer, byteOffset } = this.#view;
    Atomics.store(new Uint32Array(buffer, byteOffset + FORCE_QUIT, 1), 0, 1);
  }

  get isForceQuit(): boolean {
    const { buffer, byteOffset } = this.#view;
    return Atomics.load(new Uint32Array(buffer, byteOffset + FORCE_QUIT, 1), 0) !== 0;
  }

  countSync(): void {
    this.#increment(REQUEST_COUNT);
  }

  countAsync(): void {
    this.#increment(ASYNC_REQUEST_COUNT);
  }

  /** Returns the counters as the server prints them. */
  toString(): string {
    const sync = this.#view.getBigUint64(REQUEST_COUNT, true);
    const async = this.#view.getBigUint64(ASYNC_REQUEST_COUNT, true);
    return `handled sync requests: ${sync}, async requests: ${async}`;
  }

  #increment(offset: number): void {
    this.#view.setBigUint64(offset, this.#view.getBigUint64(offset, true) + 1n, true);
  }
}
