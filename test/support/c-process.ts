// A program that a test runs: its lines and its end. It can't outlive the test run.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LineLog, type LineMatch, type PeerLine, type WaitOptions } from './line-log.js';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How many of a program's last lines a failure shows. */
const TAIL = 15;

const live = new Set<CProcess>();

export class CProcess {
  readonly pid: number;
  /** Settles once the program has ended and all its output has been read. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #log: LineLog;
  readonly #label: string;
  #stderr = '';

  constructor(label: string, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [file = '', ...args] = command;
    this.#label = label;
    this.#log = new LineLog(() => this.describe());
    this.#child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    this.pid = this.#child.pid ?? -1;
    this.exited = this.#watchExit();
    this.#readOutput();
    live.add(this);
  }

  /** Everything printed to stdout so far. */
  get lines(): readonly PeerLine[] {
    return this.#log.lines;
  }

  /** Everything written to stderr so far: EAL's log. */
  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return live.has(this);
  }

  /**
   * Resolves with the first line that matches, after the one that the previous waitFor returned: one that is printed already, or
   * a later one.
   */
  waitFor(match: LineMatch, options?: number | WaitOptions): Promise<PeerLine> {
    return this.#log.waitFor(match, typeof options === 'number' ? { timeoutMs: options } : options);
  }

  /** Forgets all output so far: `lines` is empty. */
  forgetOutput(): void {
    this.#log.forget();
    this.#stderr = '';
  }

  /** Writes one line to the program's stdin. */
  send(text: string): void {
    this.#child.stdin.write(`${text}\n`);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** Sends a signal to this process alone; harmless once it has ended. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Kills the program, and waits for its end: then `stderr` has everything that it wrote. */
  async killAndReadAll(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAndReadAll();
  }

  /** The program and its last output, for messages. */
  describe(): string {
    const out = this.lines.slice(-TAIL).map((line) => line.text);
    const err = this.#stderr.trimEnd().split('\n').slice(-TAIL);
    return [`${this.#label} (pid ${this.pid}), its last output:`, ...out, ...err].join('\n  ');
  }

  #readOutput(): void {
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#log.push(text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    // a program that has just ended: `exited` tells
    this.#child.stdin.on('error', () => {});
  }

  #watchExit(): Promise<ProcessExit> {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#stderr += `${error.message}\n`;
      });
      // 'close' comes after the last line, 'exit' may come before it
      this.#child.once('close', (code, signal) => {
        live.delete(this);
        this.#log.end(`${this.#label} ended with ${signal ?? `status ${code}`}`);
        resolve({ code, signal });
      });
    });
  }
}

async function killAll(): Promise<number> {
  const left = [...live];
  await Promise.all(left.map((program) => program[Symbol.asyncDispose]()));
  return left.length;
}

process.on('exit', () => {
  for (const program of live) program.kill('SIGKILL');
});

// a hook of the whole run: a program that its test forgot would keep mocha alive
if (typeof after === 'function') {
  after('no C program outlives its test', async () => {
    const left = await killAll();
    if (left > 0) throw new Error(`${left} C programs were left running: start them through peersFor().`);
  });
}
