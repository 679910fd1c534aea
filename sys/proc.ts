import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { ignoringErrno } from './errors.js';

/** What /proc tells of a process to anybody. */
export interface ProcessFacts {
  readonly pid: number;
  /** The letter of /proc/<pid>/stat: R, S, D (running, asleep), T, t (stopped, traced), Z (zombie). */
  readonly state: string;
  /** The real user id that it runs as. */
  readonly uid: number;
  readonly user: string;
  /** The command line, arguments apart by blanks. */
  readonly command: string;
}

/** `undefined`: there is no such process, or none that can be seen from here. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const uid = realUid(pid);
  if (stat === undefined || uid === undefined) return undefined;
  // the second field is the command in parentheses, which may hold blanks and parentheses itself
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  const words = (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '');
  const name = textOf(`/proc/${pid}/comm`)?.trim() ?? '?';
  return { pid, state, uid, user: userName(uid), command: words.join(' ') || `[${name}]` };
}

/** Whether it makes no progress until somebody continues it: SIGSTOP, a debugger. */
export function isStopped({ state }: ProcessFacts): boolean {
  return state === 'T' || state === 't';
}

/** The names of a process's threads; empty where it is gone. */
export function threadNames(pid: number): string[] {
  return namesIn(`/proc/${pid}/task`).map((task) => textOf(`/proc/${pid}/task/${task}/comm`)?.trim() ?? '?');
}

/** How many descriptors a process has open; 0 where we may not look. */
export function descriptorCount(pid: number): number {
  return namesIn(`/proc/${pid}/fd`).length;
}

/**
 * Who has these sockets open, by inode: a look at every descriptor of every process that we may look at, so ask for
 * all at once.
 */
export function socketOwners(inodes: ReadonlySet<string>): Map<string, number> {
  const owners = new Map<string, number>();
  if (inodes.size === 0) return owners;
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
      if (inode !== undefined && inodes.has(inode) && !owners.has(inode)) owners.set(inode, Number(pid));
    }
    if (owners.size === inodes.size) break;
  }
  return owners;
}

/** What a link of /proc says; `undefined` where it is gone or not ours to read. */
export function linkOf(path: string): string | undefined {
  return ignoringErrno(() => readlinkSync(path));
}

/** The text of a small file; `undefined` where it is gone or not ours to read. */
export function textOf(path: string): string | undefined {
  return ignoringErrno(() => readFileSync(path, 'utf8'));
}

/** The entries of a directory; none where it is gone or not ours to read. */
export function namesIn(path: string): string[] {
  return ignoringErrno(() => readdirSync(path)) ?? [];
}

/** Who a file belongs to, as a name. */
export function ownerOf(path: string): string | undefined {
  const uid = ignoringErrno(() => statSync(path).uid);
  return uid === undefined ? undefined : userName(uid);
}

/** The name of /etc/passwd, or the number. */
export function userName(uid: number): string {
  const line = (textOf('/etc/passwd') ?? '').split('\n').find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}

function realUid(pid: number): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}

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
