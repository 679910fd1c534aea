import { DIALECTS, type Dialect } from '../../protocol/dialect.js';
import { PRIMARY_SOCKET, type RuntimeEnvironment } from '../../protocol/paths.js';
import { isCProcess, type ProcessFacts } from '../../sys/proc.js';
import type { Answer } from '../instances/ask.js';
import { askPrimary, findInstances } from '../instances/find.js';
import { type Inspection, type Instances, inspect } from '../instances/inspect.js';

export interface PatientOptions {
  readonly filePrefix: string;
  readonly runtimeDir: string;
  /** Whether the caller named the runtime directory, or DPDK's own rule did. */
  readonly isDirGiven: boolean;
  readonly env: RuntimeEnvironment;
  readonly uid: number;
  readonly timeoutMs: number;
}

/** What the checks look at: each fact is found out when it is first asked for, and once. */
export class Patient {
  readonly filePrefix: string;
  readonly runtimeDir: string;
  readonly directory: string;
  readonly socketPath: string;
  readonly isDirGiven: boolean;
  readonly uid: number;
  readonly #options: PatientOptions;
  #inspection: { readonly found: Inspection | undefined } | undefined;
  #answer: Promise<Answer | undefined> | undefined;
  #others: Promise<Instances> | undefined;

  constructor(options: PatientOptions) {
    this.filePrefix = options.filePrefix;
    this.runtimeDir = options.runtimeDir;
    this.directory = `${options.runtimeDir}/${options.filePrefix}`;
    this.socketPath = `${this.directory}/${PRIMARY_SOCKET}`;
    this.isDirGiven = options.isDirGiven;
    this.uid = options.uid;
    this.#options = options;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** What is there under this prefix; `undefined`: nothing, or nothing that we may see. */
  get inspection(): Inspection | undefined {
    this.#inspection ??= { found: inspect(this.runtimeDir, this.filePrefix) };
    return this.#inspection.found;
  }

  get primary(): ProcessFacts | undefined {
    return this.inspection?.primary;
  }

  /** Sockets are bound with mode 0755: only their owner and root may send to ours. */
  get mayNotAnswer(): boolean {
    const { primary, uid } = this;
    return primary !== undefined && primary.uid !== 0 && primary.uid !== uid;
  }

  /** `undefined`: nothing must be sent. */
  get dialect(): Dialect | undefined {
    const id = this.inspection?.dialect;
    return id === undefined ? undefined : DIALECTS[id];
  }

  get isRunning(): boolean {
    return this.inspection?.state === 'running';
  }

  /** Whether a C primary is complete and shares memory. */
  get sharesMemory(): boolean {
    return this.isRunning && this.inspection?.head?.lock !== undefined;
  }

  /** Where a pid is known for sure: that of a primary of our pid namespace which is C. */
  get cPrimary(): ProcessFacts | undefined {
    return this.primary !== undefined && isCProcess(this.primary.pid) ? this.primary : undefined;
  }

  /** Every other instance, of this prefix or another, that can be found. */
  others(): Promise<Instances> {
    const { env, uid } = this.#options;
    this.#others ??= findInstances({ ask: false, env, uid });
    return this.#others;
  }

  /** How the primary took a harmless request; `undefined`: it must not be asked. */
  answer(): Promise<Answer | undefined> {
    const { inspection, timeoutMs } = this;
    this.#answer ??=
      inspection === undefined ? Promise.resolve(undefined) : askPrimary(inspection, timeoutMs);
    return this.#answer;
  }
}
