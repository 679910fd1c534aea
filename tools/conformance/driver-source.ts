import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Dialect, dialectOf } from '../../protocol/dialect.js';
import {
  defaultRuntimeDir,
  isSecondarySocket,
  PRIMARY_SOCKET,
  pidOfSocket,
  runtimePath,
} from '../../protocol/paths.js';
import { readConfigHead } from '../../shm/layout/mem-config.js';
import { namesIn } from '../../sys/proc.js';
import { DriverProcess } from './driver.js';
import type {
  Ability,
  Driver,
  Implementation,
  Role,
  StartOptions,
  Subject,
  SubjectSource,
  TestPrefix,
} from './subject.js';

export interface DriverOptions {
  readonly label: string;
  readonly role: Role;
  readonly dialect: Dialect;
  readonly implementation?: Implementation;
  /** The command that starts the program for a role and a file prefix; its environment has both, too. */
  readonly command: (role: Role, filePrefix: string) => readonly string[];
}

const START_WITHIN_MS = 20_000;

const ABILITIES: readonly Ability[] = ['driver', 'processes', 'pid'];

/** Starts processes of a driver program as subjects; docs/conformance-kit.md says what the program has to do. */
export function driverSource(options: DriverOptions): SubjectSource {
  const { label, role, dialect, implementation = 'unknown' } = options;
  return {
    label,
    implementation,
    role,
    dialect,
    // this package lacks memory and devices; `notForOurs` of each check about them says why
    abilities: new Set(implementation === 'ours' ? [...ABILITIES, 'memory', 'devices', 'eal'] : ABILITIES),
    async open() {
      const prefix = new DriverPrefix(options);
      try {
        return await prefix.start(role, {}, () => prefix[Symbol.asyncDispose]());
      } catch (error) {
        await prefix[Symbol.asyncDispose]();
        throw error;
      }
    },
    newPrefix: async () => new DriverPrefix(options),
  };
}

let prefixes = 0;

class DriverPrefix implements TestPrefix {
  readonly directory: string;
  readonly #options: DriverOptions;
  readonly #filePrefix: string;
  readonly #drivers: DriverProcess[] = [];

  constructor(options: DriverOptions) {
    prefixes += 1;
    this.#options = options;
    this.#filePrefix = `dpdkipc-kit-${process.pid}-${prefixes}`;
    const base = defaultRuntimeDir(process.env, process.getuid?.() ?? 0);
    this.directory = runtimePath(base, this.#filePrefix);
  }

  makeDirectory(): void {
    mkdirSync(dirname(this.directory), { recursive: true, mode: 0o700 });
    mkdirSync(this.directory, { mode: 0o700 });
  }

  async start(role: Role, options: StartOptions = {}, end?: () => Promise<void>): Promise<Subject> {
    const { env = {}, untilReady = true } = options;
    const filePrefix = this.#filePrefix;
    const variables = { DPDK_IPC_ROLE: role, DPDK_IPC_FILE_PREFIX: filePrefix, ...env };
    const driver = new DriverProcess(this.#options.command(role, filePrefix), variables);
    this.#drivers.push(driver);
    if (untilReady) {
      await driver.waitFor(({ event }) => event === 'READY', { from: 0, timeoutMs: START_WITHIN_MS });
      await driver.command('conform');
    }
    return new DrivenSubject(driver, role, this.directory, this.#options, end ?? (() => driver.end()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const driver of this.#drivers.reverse()) await driver.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

class DrivenSubject implements Subject {
  readonly role: Role;
  readonly implementation: Implementation;
  readonly directory: string;
  readonly probe = { name: 'echo', param: 'probe' };
  readonly #driver: DriverProcess;
  readonly #dialect: Dialect;
  readonly #end: () => Promise<void>;

  constructor(
    driver: DriverProcess,
    role: Role,
    directory: string,
    { dialect, implementation = 'unknown' }: DriverOptions,
    end: () => Promise<void>,
  ) {
    this.#driver = driver;
    this.role = role;
    this.directory = directory;
    this.implementation = implementation;
    this.#dialect = dialect;
    this.#end = end;
  }

  get driver(): Driver {
    return this.#driver;
  }

  /** The pid that the driver prints: the process that was started may be a shell. */
  get pid(): number {
    const ready = this.#driver.lines.find(({ event }) => event === 'READY');
    return Number(ready?.fields.pid ?? this.#driver.pid);
  }

  get versionWord(): number | undefined {
    return readConfigHead(`${this.directory}/config`)?.versionWord;
  }

  get dialect(): Dialect {
    return this.versionWord === undefined ? this.#dialect : dialectOf(this.versionWord);
  }

  /** The path of the subject's socket; empty while there is none. */
  get socketPath(): string {
    const name = namesIn(this.directory).find((candidate) => this.#isOurs(candidate));
    return name === undefined ? '' : `${this.directory}/${name}`;
  }

  #isOurs(name: string): boolean {
    if (this.role === 'primary') return name === PRIMARY_SOCKET;
    return isSecondarySocket(name) && pidOfSocket(name) === this.pid;
  }

  log(): string {
    return this.#driver.log;
  }

  isRunning(): boolean {
    return this.#driver.isRunning;
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#driver.kill(signal);
  }

  async quit(): Promise<void> {
    this.#driver.send('quit');
    await this.#driver.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
