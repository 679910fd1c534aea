// One line of a C peer's output: a word and key=value pairs.

export interface PeerLine {
  /** The line as printed. */
  readonly text: string;
  /** Its first word: 'READY', 'got', 'req', … */
  readonly event: string;
  /** Its key=value pairs, unquoted. */
  readonly fields: Readonly<Record<string, string>>;
}

// A value is quoted only where it holds something else than plain printable characters.
const PAIR = /\s([\w.]+)=(?:"([^"]*)"|(\S*))/g;

export function parseLine(text: string): PeerLine {
  const fields: Record<string, string> = {};
  for (const [, key, quoted, plain] of text.matchAll(PAIR)) {
    if (key !== undefined) fields[key] = quoted === undefined ? (plain ?? '') : unescapeText(quoted);
  }
  return { text, event: /^\S*/.exec(text)?.[0] ?? '', fields };
}

function unescapeText(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

// The lines a process has printed so far, and waiting for one of them: no polling, no sleeping.

export type LineMatch = RegExp | ((line: PeerLine) => boolean);

export interface WaitOptions {
  readonly timeoutMs?: number;
  /** Start at this index of `lines`, and leave the cursor where it is. */
  readonly from?: number;
}

/** Long enough for a loaded machine; a test that waits this long has failed. */
const DEFAULT_TIMEOUT_MS = 60_000;

interface Waiter {
  readonly match: LineMatch;
  readonly found: (line: PeerLine, index: number) => void;
  readonly fail: (why: string) => void;
}

export class LineLog {
  readonly lines: PeerLine[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #context: () => string;
  #cursor = 0;
  #end: string | undefined;

  /** `context` is added to the message of a wait that fails. */
  constructor(context: () => string) {
    this.#context = context;
  }

  push(text: string): void {
    const line = parseLine(text);
    const index = this.lines.push(line) - 1;
    for (const waiter of this.#waiters) {
      if (matches(waiter.match, line)) waiter.found(line, index);
    }
  }

  /** Forgets the lines so far, for a process that prints for hours. */
  forget(): void {
    this.lines.length = 0;
    this.#cursor = 0;
  }

  /** No more lines come: rejects all waits with `why`. */
  end(why: string): void {
    this.#end = why;
    for (const waiter of this.#waiters) waiter.fail(why);
  }

  /**
   * Resolves with the first matching line after the one that the previous waitFor returned: one that is printed already, or a later
   * one. Rejects when the process ends first.
   */
  waitFor(match: LineMatch, { timeoutMs = DEFAULT_TIMEOUT_MS, from }: WaitOptions = {}): Promise<PeerLine> {
    const start = from ?? this.#cursor;
    const moveTo = (index: number) => {
      if (from === undefined) this.#cursor = Math.max(this.#cursor, index + 1);
    };
    const seen = this.lines.findIndex((line, index) => index >= start && matches(match, line));
    const line = this.lines[seen];
    if (line !== undefined) {
      moveTo(seen);
      return Promise.resolve(line);
    }
    return this.#wait(match, timeoutMs, moveTo);
  }

  #wait(match: LineMatch, timeoutMs: number, moveTo: (index: number) => void): Promise<PeerLine> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        stop();
        reject(new Error(`No line matches ${String(match)}: ${why}.\n${this.#context()}`));
      };
      const found = (line: PeerLine, index: number) => {
        stop();
        moveTo(index);
        resolve(line);
      };
      const waiter = { match, found, fail };
      const timer = setTimeout(() => fail(`none came within ${timeoutMs} ms`), timeoutMs);
      const stop = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      this.#waiters.add(waiter);
      if (this.#end !== undefined) fail(this.#end);
    });
  }
}

function matches(match: LineMatch, line: PeerLine): boolean {
  return typeof match === 'function' ? match(line) : line.text.search(match) >= 0;
}
