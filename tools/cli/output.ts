import { fstatSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { styleText } from 'node:util';
import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { fileError } from '../../sys/errors.js';

/** What a command prints: results to stdout, everything else to stderr. */
export function print(text: string): void {
  write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The bytes themselves. Not for a terminal: there is no telling what they would do to it. */
export function printRaw(bytes: Uint8Array): void {
  if (process.stdout.isTTY) {
    throw new MpError(
      'EINVAL',
      '--raw writes bytes, and stdout is a terminal: redirect it, or leave out --raw',
    );
  }
  write(bytes);
}

/** All of it: Node's own stream over a file writes once, and says nothing of what there was no room for. */
function write(data: string | Uint8Array): void {
  if (!isFile()) {
    process.stdout.write(data);
    return;
  }
  try {
    writeFileSync(process.stdout.fd, data);
  } catch (error) {
    process.stdout.emit('error', error);
  }
}

function isFile(): boolean {
  const stat = fstatSync(process.stdout.fd);
  return !process.stdout.isTTY && !stat.isFIFO() && !stat.isSocket();
}

const BATCH = 1_000;

/** Many lines, a thousand at a time; in between it turns out whether anybody still reads. */
export async function printLines(lines: Iterable<string>): Promise<void> {
  let batch: string[] = [];
  for (const line of lines) {
    if (batch.push(line) < BATCH) continue;
    print(batch.join('\n'));
    batch = [];
    await turn();
  }
  if (batch.length > 0) print(batch.join('\n'));
}

/** One line of many parts; in between, as above. */
export async function printParts(parts: Iterable<string>): Promise<void> {
  for (const part of parts) {
    write(part);
    await turn();
  }
  print('');
}

/** Results for programs: addresses as hex strings, bytes as hex. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, jsonValue, 2));
}

/** The same on one line, for results that come one after the other. */
export function printJsonLine(value: unknown): void {
  print(JSON.stringify(value, jsonValue));
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}

/**
 * A reader such as `head` that has had enough is no error: what is left to say is for nobody. A full file system is one.
 *
 * @param report what says so; returns the exit status
 */
export function endWithoutReader(report: (error: unknown) => number): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      process.exit(
        report(fileError(error, 'stdout', 'What was printed is not complete: make room for all of it')),
      );
    });
  }
}

/** The time of day to the millisecond, for lines that come one after the other. */
export function clock(): string {
  const now = new Date();
  return `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/** What others have named, fit for a terminal: control characters could do anything to it. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}

/** Columns as wide as they have to be, two blanks apart; the first row is the heading. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How wide the terminal is; `undefined` where the stream is none, and lines may be as long as they like. */
export function terminalWidth(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

interface Wrapping {
  /** What stands before the text in its first line. */
  readonly used?: number;
  readonly indent?: number;
  readonly stream?: NodeJS.WriteStream;
}

/** Breaks a text at its words to fit the terminal; elsewhere a line stays a line. */
export function wrap(text: string, { used = 0, indent = 0, stream = process.stdout }: Wrapping = {}): string {
  const width = terminalWidth(stream);
  if (width === undefined) return visible(text);
  const lines: string[] = [''];
  for (const word of visible(text).split(' ')) {
    const line = lines.at(-1) ?? '';
    const room = width - (lines.length === 1 ? used : indent);
    if (line !== '' && line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** Below this nobody wonders whether anything happens. */
const SILENT_MS = 2_000;
const CLEAR_LINE = '\r\x1b[K';

/** One line on a terminal that tells how far a long command is; nothing where stderr is no terminal. */
export class Progress {
  readonly #start = nowMs();
  #isShown = false;

  show(text: string): void {
    if (!process.stderr.isTTY || nowMs() - this.#start < SILENT_MS) return;
    this.#isShown = true;
    process.stderr.write(`${CLEAR_LINE}${text}`);
  }

  end(): void {
    if (this.#isShown) process.stderr.write(CLEAR_LINE);
    this.#isShown = false;
  }
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

/** Colours `text` if it is for a terminal; NO_COLOR and FORCE_COLOR are respected. */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY || process.env.FORCE_COLOR !== undefined ? styleText(colour, text, { stream }) : text;
}
