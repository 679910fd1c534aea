import { fstatSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { styleText } from 'node:util';
import { MpError } from '../../protocol/errors.js';
import { nowMs } from '../../sys/clock.js';
import { fileError } from '../../sys/errors.js';

/** Prints a result to stdout. */
export function print(text: string): void {
  write(`${text}\n`);
}

/** Prints everything that is no result to stderr. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes bytes as they are, but never to a terminal, which would obey their control characters. */
export function printRaw(bytes: Uint8Array): void {
  if (process.stdout.isTTY) {
    throw new MpError(
      'EINVAL',
      '--raw writes bytes, and stdout is a terminal: redirect it, or leave out --raw',
    );
  }
  write(bytes);
}

/** Writes all of `data`. Node's own stream over a file writes once, and ignores what did not fit. */
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

const PART_LENGTH = 2 ** 16;

/** Writes a long text, part by part. In between, Node notices a closed pipe. */
export async function printParts(parts: Iterable<string>): Promise<void> {
  let text = '';
  for (const part of parts) {
    text += part;
    if (text.length < PART_LENGTH) continue;
    write(text);
    text = '';
    await turn();
  }
  write(text);
}

/** Prints a result as JSON; addresses become hex strings. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, jsonValue, 2));
}

/** Prints one JSON line, for results that come one after the other. */
export function printJsonLine(value: unknown): void {
  print(JSON.stringify(value, jsonValue));
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}

/**
 * Ends the process quietly when a reader such as `head` closes the pipe, and with an error on a full file system.
 *
 * @param report prints the error and returns the exit status
 */
export function endWhenOutputFails(report: (error: unknown) => number): void {
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

/** Replaces control characters, which a terminal would obey, in text that comes from other processes. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}

/** Lines of aligned columns, two blanks apart. */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd());
}

/** The width of the terminal; `undefined` if the stream is none, and lines may have any length. */
export function terminalWidth(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

/**
 * Breaks a text between words to fit the terminal; elsewhere it stays one line.
 *
 * @param layout `used`: columns before the text in its first line; `indent`: blanks before the others
 */
export function wrap(
  text: string,
  layout: { readonly used?: number; readonly indent?: number; readonly stream?: NodeJS.WriteStream } = {},
): string {
  const { used = 0, indent = 0, stream = process.stdout } = layout;
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

/** A command that takes less needs no progress line. */
const QUIET_MS = 2_000;
const CLEAR_LINE = '\r\x1b[K';

/** A line on the terminal that shows how far a long command is; nothing if stderr is no terminal. */
export class Progress {
  readonly #start = nowMs();
  #isShown = false;

  show(text: string): void {
    if (!process.stderr.isTTY || nowMs() - this.#start < QUIET_MS) return;
    this.#isShown = true;
    process.stderr.write(`${CLEAR_LINE}${text}`);
  }

  [Symbol.dispose](): void {
    if (this.#isShown) process.stderr.write(CLEAR_LINE);
  }
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

/** Colours `text` for a terminal; obeys NO_COLOR and FORCE_COLOR. */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY || process.env.FORCE_COLOR !== undefined ? styleText(colour, text, { stream }) : text;
}
