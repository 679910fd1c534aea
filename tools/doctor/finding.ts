import { processFacts } from '../../sys/proc.js';
import type { Patient } from './patient.js';

/**
 * - `error`: IPC or memory doesn't work for somebody
 * - `warning`: it works, and something is about to go wrong or went wrong before
 * - `note`: a limit of what works, or of what could be found out
 */
export type Severity = 'error' | 'warning' | 'note';

/** What is wrong, how that is known, and what to do. Each a sentence or two. */
export interface Finding {
  /** Of the check that found it. */
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly evidence: string;
  readonly fix: string;
}

/** One diagnosis: looks at the patient and says what it finds. */
export interface DoctorCheck {
  readonly id: string;
  run(patient: Patient): Omit<Finding, 'id'> | undefined | Promise<Omit<Finding, 'id'> | undefined>;
}

/** `1 page`, `2 pages`. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

const LONGEST_COMMAND = 60;

/** `process 123 (./server -l 0 …)`. */
export function describeProcess(pid: number): string {
  const command = processFacts(pid)?.command;
  if (command === undefined) return `process ${pid}`;
  const short = command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND)}…`;
  return `process ${pid} (${short})`;
}
