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
import { type DiagnoseOptions, type DoctorCheck, type Finding, targetOf } from './doctor-check.js';

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

/**
 * Finds out why messages to the primary of a file prefix, or its shared memory, don't work. Changes nothing; sends a
 * running primary and its secondaries one harmless request each, about which a C primary logs a line.
 *
 * @example
 * const { findings } = await diagnose({ filePrefix: 'rte' });
 * for (const { what, evidence, fix } of findings) console.log(what, evidence, fix);
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const target = targetOf(options);
  const findings: Finding[] = [];
  const checked: string[] = [];
  const isHealthy = () => !findings.some(({ severity }) => severity === 'error');
  for (const round of ROUNDS) {
    if (!isHealthy()) break;
    for (const [id, check] of Object.entries(round)) {
      options.onCheck?.(id);
      const finding = await check(target);
      if (finding !== undefined) findings.push({ id, severity: 'error', ...finding });
      checked.push(id);
    }
  }
  const leftOut = ROUNDS.flatMap(Object.keys).filter((id) => !checked.includes(id));
  const { filePrefix, runtimeDir, inspection } = target;
  const instance = inspection && instanceOf(inspection);
  return { filePrefix, runtimeDir, instance, healthy: isHealthy(), findings, checked, leftOut };
}

function instanceOf({ state, version, dialect, primary, secondaries }: Inspection): Diagnosis['instance'] {
  return { state, version, dialect, primary, secondaries };
}

/** All checks by their ids. An error ends the diagnosis after its round: later checks would find its consequences. */
export const ROUNDS: readonly Readonly<Record<string, DoctorCheck>>[] = [
  { 'bad-path': badPath },
  { 'no-permission': noPermission, 'foreign-directory': foreignRuntimeDirectory },
  { 'other-mount-namespace': otherMountNamespace },
  { 'primary-private': primaryPrivate },
  { 'wrong-prefix': wrongPrefix },
  {
    'primary-dead': primaryDead,
    'primary-starting': primaryStarting,
    'directory-locked': directoryLocked,
    'version-unknown': versionUnknown,
    'pid-namespace': pidNamespace,
    'stale-sockets': staleSockets,
  },
  { 'other-spelling': otherSpelling },
  {
    'primary-stopped': primaryStopped,
    'ipc-thread-dead': ipcThreadDead,
    'answers-refused': answersRefused,
    'ipc-silent': ipcSilent,
    'descriptor-limit': descriptorLimit,
    'multi-process-disabled': multiProcessDisabled,
    'peers-other-spelling': peersOtherSpelling,
    'peers-silent': peersSilent,
    'no-memory': noMemory,
    'memory-unusable': memoryUnusable,
    hugetlbfs,
  },
];
