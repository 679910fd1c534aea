import { readdirSync, readFileSync } from 'node:fs';

/** The receiving thread of EAL: its name up to 23.07, and from then on. */
const MESSAGE_THREAD = /^(rte_mp_handle|dpdk-mp-msg)$/m;

/** Whether a C process has its IPC thread; false too where there is no such process. */
export function hasMessageThread(pid: number): boolean {
  return entries(`/proc/${pid}/task`).some((task) =>
    MESSAGE_THREAD.test(textOf(`/proc/${pid}/task/${task}/comm`)),
  );
}

/** How many descriptors a process has open; 0 where we may not look. */
export function descriptorCount(pid: number): number {
  return entries(`/proc/${pid}/fd`).length;
}

/** How many datagrams a Unix socket's queue holds. */
export function queueLength(): number {
  return Number(textOf('/proc/sys/net/unix/max_dgram_qlen').trim() || 10) + 1;
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // gone, or not ours to see
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
