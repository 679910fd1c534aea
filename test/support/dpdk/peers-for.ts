// C peers on a file prefix of the test's own, which always end with the test.
import { CPeer, type CPeerOptions } from './peer.js';
import { cleanPrefix, runtimeDir, uniquePrefix } from './prefix.js';

type Undo = () => unknown;

/** The prefix of the test (or suite) that runs now, and what is undone when it ends. */
export class PeerScope {
  /** The DPDK release of its peers by default. */
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

  /** The number of deferred steps so far: `undo` runs those that were added since. */
  get mark(): number {
    return this.#undo.length;
  }

  async end(): Promise<void> {
    // in a skipped suite `end` runs without `begin`
    if (this.#prefix === undefined) return;
    const prefix = this.#prefix;
    try {
      await this.undo(0);
    } finally {
      cleanPrefix(prefix);
      this.#prefix = undefined;
    }
  }

  /** Runs all steps, then throws the first error. */
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

/** To be called inside `describe`: a new prefix for each test, or one for the whole suite. */
export function peersFor(label: string, lifetime: 'test' | 'suite' = 'test', release?: string): PeerScope {
  const scope = new PeerScope(release);
  const [begin, end] = lifetime === 'test' ? [beforeEach, afterEach] : [before, after];
  begin(`prefix ${label}`, () => scope.begin(label));
  end(`clean prefix ${label}`, () => scope.end());
  if (lifetime === 'suite') undoEachTest(scope);
  return scope;
}

/** Undoes after each test what the test deferred; what the suite's hooks deferred stays until its end. */
function undoEachTest(scope: PeerScope): void {
  let mark = 0;
  beforeEach(() => {
    mark = scope.mark;
  });
  afterEach(() => scope.undo(mark));
}
