// One process of the demo; its name stands before each line of its output.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';

export class Player {
  /** How it ended: 'status 0', 'SIGKILL'. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #lines: EventEmitter<{ line: [string] }> = new EventEmitter();
  #isRunning = true;
  #isEnding = false;

  /** `child` has pipes for its output. */
  constructor(name: string, child: ChildProcess) {
    this.#child = child;
    this.#lines.on('line', (line) => say(name, line));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => this.#lines.emit('line', line));
    }
    // 'close' comes after the last line, 'exit' may come before it
    this.ended = once(child, 'close').then(([status, signal]) => {
      this.#isRunning = false;
      return signal === null ? `status ${status}` : String(signal);
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Resolves to whether the process prints a line that matches before it ends. */
  async says(match: RegExp): Promise<boolean> {
    const found = new Promise<boolean>((resolve) => {
      this.#lines.on('line', (line) => match.test(line) && resolve(true));
    });
    return Promise.race([found, this.ended.then(() => false)]);
  }

  /** Sends SIGTERM, so that the process can end in order. Later calls do nothing: a second signal would kill it. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#child.kill('SIGTERM');
  }
}

export function say(name: string, line: string): void {
  console.log(`${name.padEnd(6)}  ${line}`);
}
