import type { Dialect } from '../../protocol/dialect.js';

/** A line that a driver prints: a word and key=value pairs. */
export interface DriverLine {
  readonly text: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Has a subject register, send and ask; docs/conformance-kit.md lists the commands. */
export interface Driver {
  /** All lines printed so far. */
  readonly lines: readonly DriverLine[];
  /** Runs one command; resolves to the line that ends its output. */
  command(text: string, timeoutMs?: number): Promise<DriverLine>;
  /** Resolves to the first matching line from index `from` on, printed before or later. */
  waitFor(
    match: (line: DriverLine) => boolean,
    options: { readonly from: number; readonly timeoutMs?: number },
  ): Promise<DriverLine>;
}

export type Role = 'primary' | 'secondary';

/** C's implementation, this package's, or another one, which may behave in either way. */
export type Implementation = 'C' | 'ours' | 'unknown';

export interface ProbeRequest {
  readonly name: string;
  readonly param: Uint8Array | string;
}

/** A process under test, ready to be sent messages. */
export interface Subject extends AsyncDisposable {
  readonly role: Role;
  readonly implementation: Implementation;
  readonly dialect: Dialect;
  /** The version word in `config`, if there is one. */
  readonly versionWord: number | undefined;
  /** The runtime directory, as the subject spells it. */
  readonly directory: string;
  /** The path of the subject's socket; empty while there is none. */
  readonly socketPath: string;
  /** The process to look at in /proc; `undefined` where it isn't known. */
  readonly pid: number | undefined;
  readonly driver: Driver | undefined;
  /** A request that the subject answers and that changes nothing. */
  readonly probe: ProbeRequest;
  /** What the process has logged so far. */
  log(): string;
  /** Whether the process still runs. */
  isRunning(): boolean;
  /** Has the process exit by itself; resolves once it has ended. */
  quit(): Promise<void>;
}

/** How {@link TestPrefix} starts a process. */
export interface StartOptions {
  /** Further EAL arguments, for C. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** false: resolves before the process is ready. */
  readonly untilReady?: boolean;
}

/** A file prefix of its own for processes of one implementation. */
export interface TestPrefix extends AsyncDisposable {
  /** The runtime directory; the first process makes it, unless it is there. */
  readonly directory: string;
  start(role: Role, options?: StartOptions): Promise<Subject>;
}

/** Starts subjects of one implementation in one role. */
export interface SubjectSource {
  /** A name for reports, such as `C 22.11.11 primary`. */
  readonly label: string;
  readonly implementation: Implementation;
  readonly role: Role;
  readonly dialect: Dialect;
  /** What the subjects can do; checks that need more are skipped. */
  readonly abilities: ReadonlySet<Ability>;
  /** Starts a subject, or finds the one that there is. */
  open(): Promise<Subject>;
  /** An unused file prefix, for sources with the ability `processes`. */
  newPrefix(): Promise<TestPrefix>;
}

/**
 * What a subject can do.
 *
 * - `driver`: a driver has it send, register and ask
 * - `processes`: further processes can be started and killed
 * - `pid`: /proc shows its threads and descriptors
 * - `memory`: it has DPDK's shared memory, and a command makes that grow
 * - `devices`: it has the vdev bus and the null driver
 * - `eal`: EAL initialises it, with EAL's arguments
 */
export type Ability = 'driver' | 'processes' | 'pid' | 'memory' | 'devices' | 'eal';
