// What most tests use: peers on a prefix of the test's own, gone after it whatever happens.
import { CPeer, type CPeerOptions } from './peer.js';
import { cleanPrefix, runtimeDir, uniquePrefix } from './prefix.js';

type Undo = () => unknown;

/** The prefix of the test (or suite) that runs now, and what has to go when it ends. */
export class PeerScope {
  /** Which DPDK its peers are of, unless they are told otherwise. */
  readonly release: string;
  #prefix: string | undefined;
  #undo: Undo[] = [];

  constructor(release = 'native') {
    this.release = release;
  }

  get filePrefix(): string {
    if (this.#prefix === undefined) throw new Error('No test runs: use filePrefix inside a test or hook.');
    return this.#prefix;
  }

  /** The directory that holds this prefix's `mp_socket`. */
  get runtimeDir(): string {
    return runtimeDir(this.filePrefix);
  }

  async start(options: Omit<CPeerOptions, 'filePrefix'>): Promise<CPeer> {
    const peer = await CPeer.start({ release: this.release, ...options, filePrefix: this.filePrefix });
    this.defer(() => peer[Symbol.asyncDispose]());
    return peer;
  }

  /** Runs at the end, last one first, also after a failure. */
  defer(undo: Undo): void {
    this.#undo.push(undo);
  }

  begin(label: string): void {
    this.#prefix = uniquePrefix(label);
  }

  /** What has to go so far; with `undo`, what came since goes. */
  get mark(): number {
    return this.#undo.length;
  }

  async end(): Promise<void> {
    // a skipped suite has hooks that end what never began
    if (this.#prefix === undefined) return;
    const prefix = this.#prefix;
    try {
      await this.undo(0);
    } finally {
      cleanPrefix(prefix);
      this.#prefix = undefined;
    }
  }

  /** Everything is tried, then the first error thrown. */
  async undo(mark: number): Promise<void> {
    const errors: unknown[] = [];
    for (const undo of this.#undo.splice(mark).reverse()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** To be called inside `describe`: a fresh prefix for each test, or one for the whole suite. */
export function peersFor(label: string, lifetime: 'test' | 'suite' = 'test', release?: string): PeerScope {
  const scope = new PeerScope(release);
  const [begin, end] = lifetime === 'test' ? [beforeEach, afterEach] : [before, after];
  begin(`prefix ${label}`, () => scope.begin(label));
  end(`clean prefix ${label}`, () => scope.end());
  if (lifetime === 'suite') undoEachTest(scope);
  return scope;
}

/** What a test of a suite opens goes with the test; what the suite's own hooks have started stays. */
function undoEachTest(scope: PeerScope): void {
  let mark = 0;
  beforeEach(() => {
    mark = scope.mark;
  });
  afterEach(() => scope.undo(mark));
}
