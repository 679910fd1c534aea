import type { Dialect } from '../../protocol/dialect.js';

/** A line of a driver: a word and key=value pairs. */
export interface DriverLine {
  readonly text: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** How a subject is told to register, send and ask; docs/conformance-kit.md has the commands. */
export interface Driver {
  /** All lines so far. */
  readonly lines: readonly DriverLine[];
  /** Runs one command and resolves to the line that closes its output. */
  command(text: string, timeoutMs?: number): Promise<DriverLine>;
  /** The first matching line from index `from` on, printed already or still to come. */
  waitFor(
    match: (line: DriverLine) => boolean,
    options: { readonly from: number; readonly timeoutMs?: number },
  ): Promise<DriverLine>;
}

export type Role = 'primary' | 'secondary';

/** C's own implementation, this package's, or somebody's: for the last both ways to conform will do. */
export type Implementation = 'C' | 'ours' | 'unknown';

/** A process (or channel) under test, ready. */
export interface Subject extends AsyncDisposable {
  readonly role: Role;
  readonly implementation: Implementation;
  readonly dialect: Dialect;
  /** Version word of its `config`, where it has one. */
  readonly versionWord: number | undefined;
  /** The runtime directory, spelled as the subject spells it. */
  readonly directory: string;
  readonly socketPath: string;
  /** To look at in /proc; `undefined` where that tells nothing about the subject alone. */
  readonly pid: number | undefined;
  readonly driver: Driver | undefined;
  /** A registered action that answers, and a request param for it that does no harm. */
  readonly probe: { readonly name: string; readonly param: Uint8Array | string };
  /** What it has logged so far. */
  log(): string;
  /** Whether the process still runs. */
  isRunning(): boolean;
  kill(signal: 'SIGKILL' | 'SIGTERM'): void;
  /** Ends it in its own way; resolves once it has ended. */
  quit(): Promise<void>;
}

/** How a process is started in a {@link Place}. */
export interface StartOptions {
  /** Further arguments of EAL, for C. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** false: resolves at once, before it is ready. */
  readonly untilReady?: boolean;
}

/** A file prefix of one's own, in which processes of the implementation can be started. */
export interface Place extends AsyncDisposable {
  /** The runtime directory; made by the first process, or by {@link Place.prepare}. */
  readonly directory: string;
  /** Makes the runtime directory. */
  prepare(): void;
  start(role: Role, options?: StartOptions): Promise<Subject>;
}

/** Makes subjects of one implementation in one role. */
export interface SubjectSource {
  /** `C 22.11.11 primary` and the like. */
  readonly label: string;
  readonly implementation: Implementation;
  readonly role: Role;
  readonly dialect: Dialect;
  /** What the source can do; checks that need more are skipped. */
  readonly abilities: ReadonlySet<Ability>;
  /** A subject of its own, of whatever there is. */
  open(): Promise<Subject>;
  /** An empty place; for sources with the ability `place`. */
  place(): Promise<Place>;
}

/**
 * - `driver`: it can be told what to do
 * - `place`: further processes can be started and killed
 * - `pid`: its threads and descriptors can be seen in /proc
 * - `memory`: it has DPDK's shared memory, which can be told to grow
 * - `devices`: it has the vdev bus and the null driver
 * - `eal`: it is initialised as EAL is, with EAL's arguments
 */
export type Ability = 'driver' | 'place' | 'pid' | 'memory' | 'devices' | 'eal';
