import { rmSync } from 'node:fs';
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
  Implementation,
  Role,
  StartOptions,
  Subject,
  SubjectSource,
  TestPrefix,
} from './subject.js';
import { startLine } from './tester.js';

export interface DriverOptions {
  readonly label: string;
  readonly role: Role;
  readonly dialect: Dialect;
  readonly implementation?: Implementation;
  /** The command that starts the program for a role and a file prefix; its environment has both, too. */
  readonly command: (role: Role, filePrefix: string) => readonly string[];
}

const ABILITIES: readonly Ability[] = ['driver', 'processes', 'pid'];

/** Starts processes of a driver program as subjects; docs/conformance-kit.md says what the program has to do. */
export function driverSource(options: DriverOptions): SubjectSource {
  const { label, role, dialect, implementation = 'unknown' } = options;
  return {
    label,
    implementation,
    role,
    dialect,
    // this package's driver has none of these three; the checks about them say what it does instead
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

  async start(role: Role, options: StartOptions = {}, end?: () => Promise<void>): Promise<Subject> {
    const { env = {}, untilReady = true } = options;
    const filePrefix = this.#filePrefix;
    const variables = { DPDK_IPC_ROLE: role, DPDK_IPC_FILE_PREFIX: filePrefix, ...env };
    const driver = new DriverProcess(this.#options.command(role, filePrefix), variables);
    this.#drivers.push(driver);
    const subject = drivenSubject(driver, role, this.directory, this.#options, end ?? (() => driver.end()));
    if (untilReady) {
      await startLine(subject, 'READY');
      await driver.command('conform');
    }
    return subject;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const driver of this.#drivers.reverse()) await driver.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function drivenSubject(
  driver: DriverProcess,
  role: Role,
  directory: string,
  { dialect, implementation = 'unknown' }: DriverOptions,
  end: () => Promise<void>,
): Subject {
  const isOwnSocket = (name: string, pid: number) =>
    role === 'primary' ? name === PRIMARY_SOCKET : isSecondarySocket(name) && pidOfSocket(name) === pid;
  return {
    role,
    implementation,
    directory,
    driver,
    probe: { name: 'echo', param: 'probe' },
    /** The pid that the driver prints: the process that was started may be a shell. */
    get pid() {
      const ready = driver.lines.find(({ event }) => event === 'READY');
      return Number(ready?.fields.pid ?? driver.pid);
    },
    get versionWord() {
      return readConfigHead(`${directory}/config`)?.versionWord;
    },
    get dialect() {
      return this.versionWord === undefined ? dialect : dialectOf(this.versionWord);
    },
    get socketPath() {
      const name = namesIn(directory).find((candidate) => isOwnSocket(candidate, this.pid ?? 0));
      return name === undefined ? '' : `${directory}/${name}`;
    },
    log: () => driver.log,
    isRunning: () => driver.isRunning,
    quit() {
      driver.send('quit');
      return driver.exited;
    },
    [Symbol.asyncDispose]: end,
  };
}
