import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { nowMs } from '../../sys/clock.js';
import { CheckFailure, pause } from './expect.js';
import type { Driver, DriverLine } from './subject.js';

const LINE_WITHIN_MS = 10_000;
const POLL_MS = 1;

const live = new Set<DriverProcess>();
process.on('exit', () => {
  for (const driver of live) driver.kill();
});

/** A driver's process: it reads commands from stdin, and prints on stdout what happens. */
export class DriverProcess implements Driver {
  readonly lines: DriverLine[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  /** Commands run one after the other, so that each gets its own result. */
  #lastCommand: Promise<unknown> = Promise.resolve();
  /** What the process wrote to stderr. */
  log = '';

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    const [file = '', ...args] = command;
    this.#child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    this.exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
    void this.exited.then(() => live.delete(this));
    this.#child.once('error', ({ message }) => {
      this.log += message;
    });
    this.#child.stdin.on('error', () => {}); // the process has just ended: `exited` says so
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    createInterface({ input: this.#child.stdout }).on('line', (text) =>
      this.lines.push(parseDriverLine(text)),
    );
    live.add(this);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get isRunning(): boolean {
    return live.has(this);
  }

  command(text: string, timeoutMs = LINE_WITHIN_MS): Promise<DriverLine> {
    const verb = text.split(' ', 1)[0] ?? '';
    const result = this.#lastCommand.then(() => {
      const from = this.lines.length;
      this.send(text);
      const isEnd = ({ event, fields }: DriverLine) =>
        event === verb || (event === 'error' && fields.verb === verb);
      return this.waitFor(isEnd, { from, timeoutMs });
    });
    this.#lastCommand = result.catch(() => {}); // the caller gets it from `result`
    return result;
  }

  async waitFor(
    match: (line: DriverLine) => boolean,
    { from, timeoutMs = LINE_WITHIN_MS }: { readonly from: number; readonly timeoutMs?: number },
  ): Promise<DriverLine> {
    const deadline = nowMs() + timeoutMs;
    for (;;) {
      const line = this.lines.slice(from).find(match);
      if (line !== undefined) return line;
      if (!this.isRunning) throw this.#failure('it has ended');
      if (nowMs() > deadline) throw this.#failure(`none came in ${timeoutMs} ms`);
      await pause(POLL_MS);
    }
  }

  send(text: string): void {
    this.#child.stdin.write(`${text}\n`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async end(): Promise<void> {
    this.kill();
    await this.exited;
  }

  #failure(why: string): CheckFailure {
    const last = [...this.lines.slice(-3).map(({ text }) => text), this.log.slice(-500)];
    return new CheckFailure(`no such line from the driver: ${why}; its last: ${last.join(' / ')}`);
  }
}

/** key=value; a value is quoted if it has other than plain printable characters. */
const PAIR = /\s([\w.]+)=(?:"([^"]*)"|(\S*))/g;

function parseDriverLine(text: string): DriverLine {
  const fields: Record<string, string> = {};
  for (const [, key, quoted, plain] of text.matchAll(PAIR)) {
    if (key !== undefined) fields[key] = quoted === undefined ? (plain ?? '') : unescapeBytes(quoted);
  }
  return { text, event: /^\S*/.exec(text)?.[0] ?? '', fields };
}

/** Decodes escapes such as `\x22`. */
function unescapeBytes(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
