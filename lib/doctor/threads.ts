import { hasMessageThread } from '../conformance/proc.js';
import { threadNames } from '../instances/process-facts.js';

/** EAL's interrupt thread, which every C process has: its name up to 23.07, and from then on. */
const INTERRUPT_THREADS = ['eal-intr-thread', 'dpdk-intr'];

/** Whether a process is one of C's EAL. */
export function isCProcess(pid: number): boolean {
  return threadNames(pid).some((name) => INTERRUPT_THREADS.includes(name));
}

/** Whether a C process lives on without the thread that receives messages. */
export function isIpcThreadGone(pid: number): boolean {
  return isCProcess(pid) && !hasMessageThread(pid);
}
