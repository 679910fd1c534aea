/** What a command prints: results to stdout, everything else to stderr. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Below this nobody wonders whether anything happens. */
const SILENT_MS = 2_000;
const CLEAR_LINE = '\r\x1b[K';

/** One line on a terminal that tells how far a long command is; nothing where stderr is no terminal. */
export class Progress {
  readonly #start = performance.now();
  #isShown = false;

  show(text: string): void {
    if (!process.stderr.isTTY || performance.now() - this.#start < SILENT_MS) return;
    this.#isShown = true;
    process.stderr.write(`${CLEAR_LINE}${text}`);
  }

  end(): void {
    if (this.#isShown) process.stderr.write(CLEAR_LINE);
    this.#isShown = false;
  }
}
