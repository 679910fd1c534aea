import { DIALECTS } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { defaultRuntimeDir, PRIMARY_SOCKET } from '../../protocol/paths.js';
import { processFacts } from '../../sys/proc.js';
import type { FindOptions } from '../instances/find.js';
import { inspect } from '../instances/inspect.js';

/** Looks for one thing that can be wrong with a file prefix. */
export type DoctorCheck = (target: Target) => FindingText | undefined | Promise<FindingText | undefined>;

/** What is wrong, how the doctor knows, and what to do: a sentence or two each. */
export interface Finding {
  /** The id of the check that found it. */
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly evidence: string;
  readonly fix: string;
}

/** A finding without its id; the severity is `error` by default. */
export type FindingText = Omit<Finding, 'id' | 'severity'> & { readonly severity?: Severity };

/**
 * How bad a finding is.
 *
 * - `error`: IPC or memory doesn't work for some process
 * - `warning`: everything works, and something will go wrong or has gone wrong before
 * - `note`: a limit of what works, or of what the doctor can see
 */
export type Severity = 'error' | 'warning' | 'note';

/** Defaults are the prefix `'rte'`, DPDK's runtime directory for this user, and 2,000 ms for each process to answer. */
export interface DiagnoseOptions extends Omit<FindOptions, 'probe'> {
  /** Called before each check. */
  readonly onCheck?: ((id: string) => void) | undefined;
}

const ANSWER_WITHIN_MS = 2_000;

/** The file prefix that the doctor looks at, and what it knows from the start. */
export type Target = ReturnType<typeof targetOf>;

export function targetOf(options: DiagnoseOptions) {
  const { filePrefix = 'rte', timeoutMs = ANSWER_WITHIN_MS } = options;
  const { env = process.env, uid = process.getuid?.() ?? 0 } = options;
  const runtimeDir = options.runtimeDir ?? defaultRuntimeDir(env, uid);
  const directory = `${runtimeDir}/${filePrefix}`;
  const inspection = inspect(runtimeDir, filePrefix);
  const isRunning = inspection?.state === 'running';
  const { primary, dialect } = inspection ?? {};
  return {
    filePrefix,
    runtimeDir,
    /** The caller named the runtime directory; otherwise it is DPDK's choice. */
    isRuntimeDirChosen: options.runtimeDir !== undefined,
    directory,
    socketPath: `${directory}/${PRIMARY_SOCKET}`,
    env,
    uid,
    timeoutMs,
    /** What runs, or ran, under the prefix; `undefined`: nothing, or nothing that this user can see. */
    inspection,
    primary,
    isRunning,
    /** Whether a running primary has shared memory. */
    sharesMemory: isRunning && inspection.head?.lock !== undefined,
    /** Whether the primary's user may not write to this user's sockets, whose mode is 0755. */
    cannotReplyToUs: primary !== undefined && primary.uid !== 0 && primary.uid !== uid,
    /** `undefined`: the dialect isn't known, so nothing may be sent. */
    dialect: dialect && DIALECTS[dialect],
  };
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

/** What `action` returns, or the `MpError` that it throws. */
export function resultOrError<T>(action: () => T): T | MpError {
  try {
    return action();
  } catch (error) {
    if (error instanceof MpError) return error;
    throw error;
  }
}
