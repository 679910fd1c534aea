import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CheckFailure } from './expect.js';
import type { Driver, DriverLine } from './subject.js';

const LINE_WITHIN_MS = 10_000;

const live = new Set<DriverProcess>();
process.on('exit', () => {
  for (const driver of live) driver.kill('SIGKILL');
});

/** A driver's process: it reads commands from stdin, and prints on stdout what happens. */
export class DriverProcess implements Driver {
  readonly lines: DriverLine[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #watchers = new Set<() => void>();
  /** Commands run one after the other, so that each gets its own result. */
  #lastCommand: Promise<unknown> = Promise.resolve();
  #log = '';

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    const [file = '', ...args] = command;
    this.#child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    this.exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
    void this.exited.then(() => this.#ended());
    this.#child.once('error', (error) => this.#logged(`${error.message}\n`));
    this.#child.stdin.on('error', () => {}); // the process has just ended: `exited` says so
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#logged(text));
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#push(parseDriverLine(text)));
    live.add(this);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get isRunning(): boolean {
    return live.has(this);
  }

  /** What the process wrote to stderr. */
  get log(): string {
    return this.#log;
  }

  command(text: string, timeoutMs = LINE_WITHIN_MS): Promise<DriverLine> {
    const verb = text.split(' ', 1)[0] ?? '';
    const result = this.#lastCommand.then(() => {
      const from = this.lines.length;
      this.send(text);
      return this.waitFor(
        ({ event, fields }) => event === verb || (event === 'error' && fields.verb === verb),
        {
          from,
          timeoutMs,
        },
      );
    });
    this.#lastCommand = result.catch(() => {}); // the caller gets it from `result`
    return result;
  }

  waitFor(
    match: (line: DriverLine) => boolean,
    { from, timeoutMs = LINE_WITHIN_MS }: { readonly from: number; readonly timeoutMs?: number },
  ): Promise<DriverLine> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        act();
      };
      const look = () => {
        const line = this.lines.slice(from).find(match);
        if (line !== undefined) settle(() => resolve(line));
        else if (!this.isRunning) settle(() => reject(this.#failure('it has ended')));
      };
      const timer = setTimeout(
        () => settle(() => reject(this.#failure(`none came in ${timeoutMs} ms`))),
        timeoutMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  send(text: string): void {
    this.#child.stdin.write(`${text}\n`);
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
  }

  #failure(why: string): CheckFailure {
    const last = this.lines.slice(-3).map(({ text }) => text);
    return new CheckFailure(
      `no such line from the driver: ${why}; its last: ${[...last, this.#log.slice(-500)].join(' / ')}`,
    );
  }

  #push(line: DriverLine): void {
    this.lines.push(line);
    for (const look of [...this.#watchers]) look();
  }

  #logged(text: string): void {
    this.#log += text;
  }

  #ended(): void {
    live.delete(this);
    for (const look of [...this.#watchers]) look();
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
