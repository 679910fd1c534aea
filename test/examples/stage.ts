// Where examples play in tests: a runtime directory of their own, which has to be empty again after each.
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

  /** For `openPrimary`, so that a test plays too. */
  get runtimeDir(): string {
    return `${this.#base}/dpdk`;
  }

  /** DPDK's own name for the place, the same in C and Node. */
  get env(): Record<string, string> {
    return { RUNTIME_DIRECTORY: this.#base };
  }

  /** A file below it. */
  path(name: string): string {
    return join(this.#base, name);
  }

  /** What there is in the runtime directory, all prefixes together. */
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

/** To be called inside `describe`. */
export function stage(): Stage {
  const place = new Stage();
  beforeEach('stage', () => place.begin());
  afterEach('clear the stage', () => place.end());
  return place;
}

/** The lines that begin with `start`, in order and without it. */
export function linesOf(program: CProcess, start: string): string[] {
  return program.lines
    .map(({ text }) => text)
    .filter((text) => text.startsWith(start))
    .map((text) => text.slice(start.length));
}
