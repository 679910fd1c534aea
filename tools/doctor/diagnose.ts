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
import type { DoctorCheck, Finding } from './finding.js';
import { Patient } from './patient.js';

export interface DiagnoseOptions {
  /** `'rte'` by default. */
  readonly filePrefix?: string | undefined;
  /** DPDK's own rule by default. */
  readonly runtimeDir?: string | undefined;
  /** How long the primary and each secondary have to answer a harmless request; 2,000 ms by default. */
  readonly timeoutMs?: number | undefined;
  readonly env?: RuntimeEnvironment | undefined;
  readonly uid?: number | undefined;
  readonly onCheck?: ((id: string) => void) | undefined;
}

/** What the doctor found out about one file prefix. */
export interface Diagnosis {
  readonly filePrefix: string;
  readonly runtimeDir: string;
  /** What is there; `undefined`: nothing, or nothing that we may see. */
  readonly instance:
    | Pick<Inspection, 'state' | 'version' | 'dialect' | 'primary' | 'secondaries'>
    | undefined;
  /** No error was found. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
  /** The checks that were made, by id; after an error those that stand on what failed are left out. */
  readonly checked: readonly string[];
  readonly leftOut: readonly string[];
}

const ANSWER_WITHIN_MS = 2_000;

/**
 * Finds out why messages to the primary of a file prefix, or its shared memory, don't work. It changes nothing; a
 * running primary and its secondaries get one harmless request each, about which a C primary logs a line.
 *
 * @example
 * const { findings } = await diagnose({ filePrefix: 'rte' });
 * for (const { what, evidence, fix } of findings) console.log(what, evidence, fix);
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { filePrefix = 'rte', timeoutMs = ANSWER_WITHIN_MS, onCheck = () => {} } = options;
  const { env = process.env, uid = process.getuid?.() ?? 0 } = options;
  const runtimeDir = options.runtimeDir ?? defaultRuntimeDir(env, uid);
  const isDirGiven = options.runtimeDir !== undefined;
  const patient = new Patient({ filePrefix, runtimeDir, isDirGiven, env, uid, timeoutMs });
  const findings: Finding[] = [];
  const checked: string[] = [];
  for (const stage of STAGES) {
    for (const check of stage) {
      onCheck(check.id);
      const finding = await check.run(patient);
      if (finding !== undefined) findings.push({ id: check.id, ...finding });
      checked.push(check.id);
    }
    if (findings.some(({ severity }) => severity === 'error')) break;
  }
  const leftOut = STAGES.flat().flatMap(({ id }) => (checked.includes(id) ? [] : [id]));
  const healthy = !findings.some(({ severity }) => severity === 'error');
  return { filePrefix, runtimeDir, instance: instanceOf(patient), healthy, findings, checked, leftOut };
}

function instanceOf({ inspection }: Patient): Diagnosis['instance'] {
  if (inspection === undefined) return undefined;
  const { state, version, dialect, primary, secondaries } = inspection;
  return { state, version, dialect, primary, secondaries };
}

/** Checks that stand on each other: after an error in one stage the later ones would only say it again. */
export const STAGES: readonly (readonly DoctorCheck[])[] = [
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
