import { namesIn, textOf, threadNames } from '../instances/process-facts.js';

/** The receiving thread of EAL: its name up to 23.07, and from then on. */
const MESSAGE_THREAD = /^(rte_mp_handle|dpdk-mp-msg)$/;

/** Whether a C process has its IPC thread; false too where there is no such process. */
export function hasMessageThread(pid: number): boolean {
  return threadNames(pid).some((name) => MESSAGE_THREAD.test(name));
}

/** How many descriptors a process has open; 0 where we may not look. */
export function descriptorCount(pid: number): number {
  return namesIn(`/proc/${pid}/fd`).length;
}

/** How many datagrams a Unix socket's queue holds. */
export function queueLength(): number {
  return Number(textOf('/proc/sys/net/unix/max_dgram_qlen') ?? 10) + 1;
}
