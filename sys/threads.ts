import { namesIn, textOf, threadNames } from './process-facts.js';

/** EAL's interrupt thread, which every C process has: its name up to 23.07, and from then on. */
const INTERRUPT_THREADS = ['eal-intr-thread', 'dpdk-intr'];

/** The receiving thread of EAL: its name up to 23.07, and from then on. */
const MESSAGE_THREAD = /^(rte_mp_handle|dpdk-mp-msg)$/;

/** Whether a C process has its IPC thread; false too where there is no such process. */
export function hasMessageThread(pid: number): boolean {
  return threadNames(pid).some((name) => MESSAGE_THREAD.test(name));
}

/** Whether a process is one of C's EAL. */
export function isCProcess(pid: number): boolean {
  return threadNames(pid).some((name) => INTERRUPT_THREADS.includes(name));
}

/** Whether a C process lives on without the thread that receives messages. */
export function isIpcThreadGone(pid: number): boolean {
  return isCProcess(pid) && !hasMessageThread(pid);
}

/** The C processes that were told this prefix on their command line, wherever their files are. */
export function processesOfPrefix(filePrefix: string): number[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && hasPrefix(textOf(`/proc/${name}/cmdline`) ?? '', filePrefix))
    .map(Number)
    .filter(isCProcess);
}

function hasPrefix(commandLine: string, filePrefix: string): boolean {
  const words = commandLine.split('\0');
  return words.some(
    (word, i) =>
      word === `--file-prefix=${filePrefix}` || (word === '--file-prefix' && words[i + 1] === filePrefix),
  );
}
