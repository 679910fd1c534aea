// A runtime directory for the examples in tests, which has to be empty again after each test.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CProcess } from '../support/c-process.js';

const ROOT = new URL('../../', import.meta.url);
const REGISTER = fileURLToPath(new URL('test/register.mjs', ROOT));

export class Stage {
  readonly #running: CProcess[] = [];
  #base = '';

  /** The directory for `openPrimary`, so that a test can take part. */
  get runtimeDir(): string {
    return `${this.#base}/dpdk`;
  }

  /** Environment variable that sets the directory in C and Node. */
  get env(): Record<string, string> {
    return { RUNTIME_DIRECTORY: this.#base };
  }

  /** Returns the path of a file in the directory. */
  path(name: string): string {
    return join(this.#base, name);
  }

  /** Lists the files of the runtime directory, those of all prefixes. */
  entries(): string[] {
    try {
      return readdirSync(this.runtimeDir, { recursive: true, encoding: 'utf8' });
    } catch {
      return [];
    }
  }

  /** Runs a TypeScript file of the repository. */
  node(file: string, args: readonly string[] = [], env: Record<string, string> = {}): CProcess {
    const path = fileURLToPath(new URL(file, ROOT));
    return this.run(file, [process.execPath, '--import', REGISTER, path, ...args], env);
  }

  run(label: string, command: readonly string[], env: Record<string, string> = {}): CProcess {
    const program = new CProcess(label, command, { ...this.env, ...env });
    this.#running.push(program);
    return program;
  }

  begin(): void {
    this.#base = mkdtempSync(join(tmpdir(), 'dpdk-ipc-'));
  }

  async end(): Promise<void> {
    for (const program of this.#running.splice(0)) await program[Symbol.asyncDispose]();
    rmSync(this.#base, { recursive: true, force: true });
  }
}

/** Makes a stage for the tests of a `describe` block, in which it has to be called. */
export function stage(): Stage {
  const place = new Stage();
  beforeEach('stage', () => place.begin());
  afterEach('clear the stage', () => place.end());
  return place;
}

/** Returns the rest of the lines that begin with `start`, in their order. */
export function linesOf(program: CProcess, start: string): string[] {
  return program.lines
    .map(({ text }) => text)
    .filter((text) => text.startsWith(start))
    .map((text) => text.slice(start.length));
}
