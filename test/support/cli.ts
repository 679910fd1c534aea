// Runs `dpdk-ipc` as users do: a child process with the compiled package.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LineLog, type LineMatch } from './line-log.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));

/** The dependencies, and the folder of koffi's binaries. */
const RUN_TIME_PACKAGES = ['commander', 'koffi', '@koromix'];

let built: string | undefined;

/** Path of the compiled command line, made once per run: it starts ten times as fast as the sources. */
function builtCli(): string {
  if (built === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'dpdk-ipc-cli-'));
    process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
    chmodSync(dir, 0o755); // other users run it, too
    const args = [TSC, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(dir, 'dist')];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`The sources don't compile:\n${stdout}`);
    // copied: other users may not be allowed to enter ours
    for (const name of RUN_TIME_PACKAGES) {
      cpSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name), { recursive: true });
    }
    cpSync(join(ROOT, 'package.json'), join(dir, 'package.json'));
    built = join(dir, 'dist/tools/cli/main.js');
  }
  return built;
}

/** For a `before` hook: compiles, which takes longer than a test may. */
export function needsCli(context: Mocha.Context): void {
  context.timeout(60_000);
  builtCli();
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** Words in front of the command, such as `unshare` and its arguments. */
  readonly wrap?: readonly string[];
  readonly input?: string | Uint8Array;
}

export interface Ended {
  /** Exit status, or the name of the signal that ended it. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const live = new Set<RunningCli>();

// a command that its test forgot would keep the run alive
after('no command outlives its test', async () => {
  const left = [...live];
  for (const command of left) command.kill('SIGKILL');
  await Promise.all(left.map(({ ended }) => ended));
});

/** A command that runs until it is told to end. */
export class RunningCli {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #out = new LineLog(() => `dpdk-ipc: ${this.#stdout()}${this.#stderr}`);
  readonly #err = new LineLog(() => `dpdk-ipc: ${this.#stdout()}${this.#stderr}`);
  readonly #bytes: Buffer[] = [];
  #onOutput: () => void = () => {};
  #stderr = '';

  constructor(args: readonly string[], { env = {}, uid, wrap = [], input }: CliOptions = {}) {
    const [file = '', ...rest] = [...wrap, process.execPath, builtCli(), ...args];
    const user = uid === undefined ? {} : { uid, gid: uid };
    this.#child = spawn(file, rest, { env: { ...process.env, ...env }, ...user });
    live.add(this);
    this.#child.stdout.on('data', (data: Buffer) => {
      this.#bytes.push(data);
      this.#onOutput();
    });
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#stderr += data.toString();
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#out.push(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#err.push(line));
    this.#child.stdin.on('error', () => {}); // it has ended without reading all
    if (input !== undefined) this.#child.stdin.end(input);
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        live.delete(this);
        for (const log of [this.#out, this.#err]) log.end('dpdk-ipc ended');
        resolve({ status: code ?? signal ?? 'killed', stdout: this.#stdout(), stderr: this.#stderr });
      });
    });
  }

  #stdout(): string {
    return Buffer.concat(this.#bytes).toString();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  async outLine(match: LineMatch): Promise<string> {
    return (await this.#out.waitFor(match)).text;
  }

  /** Waits until stdout contains this text: a question has no end of line. */
  async outText(wanted: string): Promise<void> {
    while (!this.#stdout().includes(wanted)) {
      await new Promise<void>((resolve) => {
        this.#onOutput = resolve;
      });
    }
  }

  async errLine(match: LineMatch): Promise<string> {
    return (await this.#err.waitFor(match)).text;
  }

  /** Writes to its standard input, which stays open. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Closes the pipe, as `head` does. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }
}

/** Runs it to its end. */
export function cli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return new RunningCli(args, { input: '', ...options }).ended;
}

/** Runs it with --json; returns the parsed output and the exit status. */
export async function cliJson(args: readonly string[], options: CliOptions = {}) {
  const { status, stdout, stderr } = await cli([...args, '--json'], options);
  if (stdout === '') throw new Error(`No JSON but: ${stderr}`);
  return { status, result: JSON.parse(stdout), stderr };
}
