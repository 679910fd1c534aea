import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { ignoringErrno } from './errors.js';
import * as libc from './libc.js';
import { adoptByThread, closeAdopted } from './owned-fd.js';
import { isReadable } from './poll.js';

/** What /proc tells every user about a process. */
export interface ProcessFacts {
  readonly pid: number;
  /** The letter of /proc/<pid>/stat: R, S, D (running, asleep), T, t (stopped, traced), Z (zombie). */
  readonly state: string;
  /** The real user id that it runs as. */
  readonly uid: number;
  readonly user: string;
  /** The command line, its arguments separated by blanks. */
  readonly command: string;
}

/** Returns `undefined` where there is no such process, or none that is visible from here. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const state = statFields(pid)?.[STATE];
  const uid = realUid(pid);
  if (state === undefined || uid === undefined) return undefined;
  const words = (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '');
  const name = textOf(`/proc/${pid}/comm`)?.trim() ?? '?';
  return { pid, state, uid, user: userName(uid), command: words.join(' ') || `[${name}]` };
}

// fields of /proc/<pid>/stat (proc_pid_stat(5)), counted from the third one
const STATE = 0;
const STARTTIME = 19;

/** The fields behind the command, which is in parentheses and may hold blanks and parentheses itself. */
function statFields(pid: number): string[] | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Returns when a process started, in clock ticks since boot; `undefined` where it is gone or not visible from here. */
export function startTimeOf(pid: number): string | undefined {
  return pid > 0 ? statFields(pid)?.[STARTTIME] : undefined;
}

/** Refers to one process for as long as it is open: unlike a pid, it never comes to mean another process. */
export class ProcessHandle {
  readonly #fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Returns `-ESRCH` where there is no such process, `-ENOSYS` before Linux 5.3, or another `-errno`. */
  static open(pid: number): ProcessHandle | number {
    const fd = libc.pidfdOpen(pid);
    const adopted = fd < 0 ? fd : adoptByThread(fd);
    return adopted < 0 ? adopted : new ProcessHandle(adopted);
  }

  /** Whether the process runs: one system call. False once the handle is closed. */
  get isAlive(): boolean {
    return this.#isOpen && !isReadable(this.#fd);
  }

  /** Closing twice is harmless. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeAdopted(this.#fd);
  }
}

/** Whether a process makes no progress until another one continues it: SIGSTOP, a debugger. */
export function isStopped({ state }: ProcessFacts): boolean {
  return state === 'T' || state === 't';
}

/** Returns the names of a process's threads; none where it is gone. */
export function threadNames(pid: number): string[] {
  return namesIn(`/proc/${pid}/task`).map((task) => textOf(`/proc/${pid}/task/${task}/comm`)?.trim() ?? '?');
}

/** Returns how many descriptors a process has open; 0 where this user may not look. */
export function descriptorCount(pid: number): number {
  return namesIn(`/proc/${pid}/fd`).length;
}

/** Returns the target of a symbolic link; `undefined` where it is gone or this user may not read it. */
export function linkOf(path: string): string | undefined {
  return ignoringErrno(() => readlinkSync(path));
}

/** Returns the text of a small file; `undefined` where it is gone or this user may not read it. */
export function textOf(path: string): string | undefined {
  return ignoringErrno(() => readFileSync(path, 'utf8'));
}

/** Returns the entries of a directory; none where it is gone or this user may not read it. */
export function namesIn(path: string): string[] {
  return ignoringErrno(() => readdirSync(path)) ?? [];
}

/** Returns the name of the user that a file belongs to. */
export function ownerOf(path: string): string | undefined {
  const uid = ignoringErrno(() => statSync(path).uid);
  return uid === undefined ? undefined : userName(uid);
}

/** Returns the user's name in /etc/passwd, or the number. */
export function userName(uid: number): string {
  const line = (textOf('/etc/passwd') ?? '').split('\n').find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}

function realUid(pid: number): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Names of EAL's interrupt thread, which every C process has: up to 23.07, and in later releases. */
const INTERRUPT_THREAD = /^(eal-intr-thread|dpdk-intr)$/;

/** Names of the EAL thread that receives messages: up to 23.07, and in later releases. */
const MESSAGE_THREAD = /^(rte_mp_handle|dpdk-mp-msg)$/;

/** Whether a C process has its IPC thread; false too where there is no such process. */
export function hasMessageThread(pid: number): boolean {
  return threadNames(pid).some((name) => MESSAGE_THREAD.test(name));
}

/** Whether a process runs C's EAL. */
export function isCProcess(pid: number): boolean {
  return threadNames(pid).some((name) => INTERRUPT_THREAD.test(name));
}

/** Whether a C process runs without the thread that receives messages. */
export function isIpcThreadGone(pid: number): boolean {
  return isCProcess(pid) && !hasMessageThread(pid);
}

/** Returns the C processes whose command line names this prefix, wherever their files are. */
export function processesOfPrefix(filePrefix: string): number[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && namesPrefix(textOf(`/proc/${name}/cmdline`) ?? '', filePrefix))
    .map(Number)
    .filter(isCProcess);
}

function namesPrefix(commandLine: string, filePrefix: string): boolean {
  const words = commandLine.split('\0');
  return words.some(
    (word, i) =>
      word === `--file-prefix=${filePrefix}` || (word === '--file-prefix' && words[i + 1] === filePrefix),
  );
}
