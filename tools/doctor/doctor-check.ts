import { DIALECTS, type Dialect } from '../../protocol/dialect.js';
import { PRIMARY_SOCKET, type RuntimeEnvironment } from '../../protocol/paths.js';
import { isCProcess, type ProcessFacts, processFacts } from '../../sys/proc.js';
import { findInstances, type Instances, probePrimary } from '../instances/find.js';
import { type Inspection, inspect } from '../instances/inspect.js';
import type { ProbeResult } from '../instances/probe.js';

/** Looks for one thing that can be wrong with a file prefix. */
export interface DoctorCheck {
  readonly id: string;
  run(target: Target): FindingText | undefined | Promise<FindingText | undefined>;
}

/** What is wrong, how the doctor knows, and what to do: a sentence or two each. */
export interface Finding {
  /** The id of the check that found it. */
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly evidence: string;
  readonly fix: string;
}

export type FindingText = Omit<Finding, 'id'>;

/**
 * How bad a finding is.
 *
 * - `error`: IPC or memory doesn't work for some process
 * - `warning`: everything works, and something will go wrong or has gone wrong before
 * - `note`: a limit of what works, or of what the doctor can see
 */
export type Severity = 'error' | 'warning' | 'note';

export interface TargetOptions {
  readonly filePrefix: string;
  readonly runtimeDir: string;
  /** The caller named the runtime directory; otherwise it is DPDK's choice. */
  readonly isRuntimeDirChosen: boolean;
  readonly env: RuntimeEnvironment;
  readonly uid: number;
  /** How long each process has to answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** The file prefix that the doctor looks at. It finds out each fact once, when a check first asks for it. */
export class Target {
  readonly filePrefix: string;
  readonly runtimeDir: string;
  readonly directory: string;
  readonly socketPath: string;
  readonly isRuntimeDirChosen: boolean;
  readonly uid: number;
  readonly timeoutMs: number;
  readonly #env: RuntimeEnvironment;
  #inspection: { readonly found: Inspection | undefined } | undefined;
  #probeResult: Promise<ProbeResult | undefined> | undefined;
  #allInstances: Promise<Instances> | undefined;

  constructor({ filePrefix, runtimeDir, isRuntimeDirChosen, env, uid, timeoutMs }: TargetOptions) {
    this.filePrefix = filePrefix;
    this.runtimeDir = runtimeDir;
    this.directory = `${runtimeDir}/${filePrefix}`;
    this.socketPath = `${this.directory}/${PRIMARY_SOCKET}`;
    this.isRuntimeDirChosen = isRuntimeDirChosen;
    this.uid = uid;
    this.timeoutMs = timeoutMs;
    this.#env = env;
  }

  /** What runs, or ran, under the prefix; `undefined`: nothing, or nothing that this user can see. */
  get inspection(): Inspection | undefined {
    this.#inspection ??= { found: inspect(this.runtimeDir, this.filePrefix) };
    return this.#inspection.found;
  }

  get primary(): ProcessFacts | undefined {
    return this.inspection?.primary;
  }

  /** The primary if it is a C process of our pid namespace. */
  get cPrimary(): ProcessFacts | undefined {
    return this.primary !== undefined && isCProcess(this.primary.pid) ? this.primary : undefined;
  }

  get isRunning(): boolean {
    return this.inspection?.state === 'running';
  }

  /** Whether a running primary has shared memory. */
  get sharesMemory(): boolean {
    return this.isRunning && this.inspection?.head?.lock !== undefined;
  }

  /** Whether the primary's user may not write to this user's sockets, whose mode is 0755. */
  get cannotReplyToUs(): boolean {
    const { primary, uid } = this;
    return primary !== undefined && primary.uid !== 0 && primary.uid !== uid;
  }

  /** `undefined`: the dialect isn't known, so nothing may be sent. */
  get dialect(): Dialect | undefined {
    const id = this.inspection?.dialect;
    return id === undefined ? undefined : DIALECTS[id];
  }

  /** What the primary did with a harmless request; `undefined`: it may not be asked. */
  probeResult(): Promise<ProbeResult | undefined> {
    const { inspection, timeoutMs } = this;
    this.#probeResult ??=
      inspection === undefined ? Promise.resolve(undefined) : probePrimary(inspection, timeoutMs);
    return this.#probeResult;
  }

  /** All instances of this machine, under this prefix and others. */
  allInstances(): Promise<Instances> {
    this.#allInstances ??= findInstances({ probe: false, env: this.#env, uid: this.uid });
    return this.#allInstances;
  }
}

const LONGEST_COMMAND = 60;

/** `process 123 (./server -l 0 …)`. */
export function describeProcess(pid: number): string {
  const command = processFacts(pid)?.command;
  if (command === undefined) return `process ${pid}`;
  const short = command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND)}…`;
  return `process ${pid} (${short})`;
}

/** `1 page`, `2 pages`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
