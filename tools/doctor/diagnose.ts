import { defaultRuntimeDir, type RuntimeEnvironment } from '../../protocol/paths.js';
import type { Inspection } from '../instances/inspect.js';
import { badPath, directoryLocked, foreignRuntimeDirectory, noPermission } from './checks/directory.js';
import { answersRefused, descriptorLimit, ipcSilent, ipcThreadDead } from './checks/ipc-thread.js';
import { hugetlbfs, memoryUnusable, noMemory } from './checks/memory.js';
import { otherMountNamespace, otherSpelling, peersOtherSpelling, pidNamespace } from './checks/namespaces.js';
import {
  multiProcessDisabled,
  primaryDead,
  primaryPrivate,
  primaryStarting,
  primaryStopped,
  versionUnknown,
} from './checks/primary-state.js';
import { peersSilent, staleSockets } from './checks/secondaries.js';
import { wrongPrefix } from './checks/wrong-prefix.js';
import { type DoctorCheck, type Finding, Target } from './doctor-check.js';

export interface DiagnoseOptions {
  /** `'rte'` by default. */
  readonly filePrefix?: string | undefined;
  /** DPDK's choice for this user by default. */
  readonly runtimeDir?: string | undefined;
  /** How long the primary and each secondary have to answer a harmless request; 2,000 ms by default. */
  readonly timeoutMs?: number | undefined;
  readonly env?: RuntimeEnvironment | undefined;
  readonly uid?: number | undefined;
  /** Called before each check. */
  readonly onCheck?: ((id: string) => void) | undefined;
}

/** What {@link diagnose} found out about one file prefix. */
export interface Diagnosis {
  readonly filePrefix: string;
  readonly runtimeDir: string;
  /** `undefined`: there is no primary, or none that this user can see. */
  readonly instance:
    | Pick<Inspection, 'state' | 'version' | 'dialect' | 'primary' | 'secondaries'>
    | undefined;
  /** No check found an error. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
  /** The ids of the checks that ran. */
  readonly checked: readonly string[];
  /** The ids of the checks that did not run, because an earlier one found an error. */
  readonly leftOut: readonly string[];
}

const ANSWER_WITHIN_MS = 2_000;

/**
 * Finds out why messages to the primary of a file prefix, or its shared memory, don't work. Changes nothing; sends a
 * running primary and its secondaries one harmless request each, about which a C primary logs a line.
 *
 * @example
 * const { findings } = await diagnose({ filePrefix: 'rte' });
 * for (const { what, evidence, fix } of findings) console.log(what, evidence, fix);
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { filePrefix = 'rte', timeoutMs = ANSWER_WITHIN_MS, onCheck = () => {} } = options;
  const { env = process.env, uid = process.getuid?.() ?? 0 } = options;
  const runtimeDir = options.runtimeDir ?? defaultRuntimeDir(env, uid);
  const isRuntimeDirChosen = options.runtimeDir !== undefined;
  const target = new Target({ filePrefix, runtimeDir, isRuntimeDirChosen, env, uid, timeoutMs });
  const findings: Finding[] = [];
  const checked: string[] = [];
  const isHealthy = () => !findings.some(({ severity }) => severity === 'error');
  for (const round of ROUNDS) {
    if (!isHealthy()) break;
    for (const check of round) {
      onCheck(check.id);
      const finding = await check.run(target);
      if (finding !== undefined) findings.push({ id: check.id, ...finding });
      checked.push(check.id);
    }
  }
  const leftOut = ROUNDS.flat().flatMap(({ id }) => (checked.includes(id) ? [] : [id]));
  return {
    filePrefix,
    runtimeDir,
    instance: instanceOf(target),
    healthy: isHealthy(),
    findings,
    checked,
    leftOut,
  };
}

function instanceOf({ inspection }: Target): Diagnosis['instance'] {
  if (inspection === undefined) return undefined;
  const { state, version, dialect, primary, secondaries } = inspection;
  return { state, version, dialect, primary, secondaries };
}

/** All checks. An error ends the diagnosis after its round: the later checks would find its consequences. */
export const ROUNDS: readonly (readonly DoctorCheck[])[] = [
  [badPath],
  [noPermission, foreignRuntimeDirectory],
  [otherMountNamespace],
  [primaryPrivate],
  [wrongPrefix],
  [primaryDead, primaryStarting, directoryLocked, versionUnknown, pidNamespace, staleSockets],
  [otherSpelling],
  [
    primaryStopped,
    ipcThreadDead,
    answersRefused,
    ipcSilent,
    descriptorLimit,
    multiProcessDisabled,
    peersOtherSpelling,
    peersSilent,
    noMemory,
    memoryUnusable,
    hugetlbfs,
  ],
];
