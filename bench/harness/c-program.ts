// The C side: builds and runs the programs of bench/peers.
import { readdirSync } from 'node:fs';
import { CProcess } from '../../test/support/c-process.js';
import { buildProgram } from '../../test/support/dpdk/build.js';
import { type EalOptions, ealArgs } from '../../test/support/dpdk/eal-args.js';
import type { DpdkInstall } from '../../test/support/dpdk/install.js';
import type { Contender } from './turns.js';

const PEERS = new URL('../peers/', import.meta.url).pathname;
const CROWD = 'crowd.c';
const TIMEOUT_MS = 120_000;
const QUIT_TIMEOUT_MS = 15_000;

/** Ends its input, and kills it if it doesn't end in time: a primary waits up to 5 s for silent secondaries. */
async function end(program: CProcess): Promise<void> {
  program.endInput();
  const timer = setTimeout(() => program.kill(), QUIT_TIMEOUT_MS);
  await program.exited;
  clearTimeout(timer);
}

/** A DPDK process that runs main.c. */
export class CBench extends CProcess {
  readonly role: 'primary' | 'secondary';

  private constructor(
    command: readonly string[],
    role: 'primary' | 'secondary',
    env: Record<string, string>,
  ) {
    super(`C ${role} of the benchmark`, command, env);
    this.role = role;
  }

  /** Starts the program, and waits until it takes commands. */
  static async start(install: DpdkInstall, options: EalOptions): Promise<CBench> {
    const program = await CBench.launch(install, options);
    await program.waitFor(/^ready/, TIMEOUT_MS);
    return program;
  }

  /** Starts the program, and doesn't wait. */
  static async launch(
    install: DpdkInstall,
    options: EalOptions,
    env: () => Record<string, string> = () => ({}),
  ): Promise<CBench> {
    const sources = readdirSync(PEERS).filter((name) => name.endsWith('.c') && name !== CROWD);
    const path = await buildProgram(
      install,
      'bench',
      sources.map((name) => PEERS + name),
    );
    return new CBench(install.wrap([path, ...ealArgs(options)]), options.role ?? 'primary', env());
  }

  /** Runs a command of main.c. Returns its answer without the first word. */
  async command(text: string): Promise<string> {
    const from = this.lines.length;
    this.send(text);
    const line = await this.waitFor(/^(samples|flood|done|failed)\b/, { from, timeoutMs: TIMEOUT_MS });
    if (line.event === 'failed') throw new Error(`C ${this.role}, '${text}': ${line.text}`);
    return line.text.slice(line.event.length).trim();
  }

  async samples(text: string): Promise<number[]> {
    return (await this.command(text)).split(' ').map(Number);
  }

  /** Returns a contender whose samples come from the command `verb COUNT rest`. */
  contender(name: string, verb: string, rest: string): Contender {
    return { name, run: (count) => this.samples(`${verb} ${count} ${rest}`) };
  }

  quit(): Promise<void> {
    return end(this);
  }
}

/** The secondaries without EAL of crowd.c. */
export class Crowd extends CProcess {
  static async start(install: DpdkInstall, runtimeDir: string): Promise<Crowd> {
    const path = await buildProgram(install, 'bench-crowd', [PEERS + CROWD]);
    return new Crowd('crowd', install.wrap([path, runtimeDir]));
  }

  async resize(count: number): Promise<void> {
    const from = this.lines.length;
    this.send(String(count));
    await this.waitFor(/^crowd /, { from });
  }

  quit(): Promise<void> {
    return end(this);
  }
}
