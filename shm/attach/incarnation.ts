import { statSync } from 'node:fs';
import { PRIMARY_SOCKET } from '../../protocol/paths.js';
import { ignoringErrno } from '../../sys/errors.js';
import { ProcessHandle, startTimeOf } from '../../sys/proc.js';

/** What may tell two processes of the same pid apart; `undefined` where it can't be seen. */
interface Marks {
  readonly startTime: string | undefined;
  /** Identity of the socket that the primary bound. */
  readonly socket: string | undefined;
}

/**
 * One life of a primary. The next primary reuses the same files, and in a container every start may get the same pid:
 * so the time when the process started tells them apart, or, where that can't be seen, the socket that it bound.
 */
export class Incarnation {
  /** 0 or less where the process can't be seen from here: another pid namespace. */
  readonly pid: number;
  readonly #runtimePath: string;
  readonly #marks: Marks;
  /** The process; `undefined` where it can't be seen. */
  readonly #process: ProcessHandle | undefined;

  constructor(pid: number, runtimePath: string) {
    this.pid = pid;
    this.#runtimePath = runtimePath;
    this.#marks = marksOf(pid, runtimePath);
    const handle = pid > 0 ? ProcessHandle.open(pid) : undefined;
    if (typeof handle !== 'object') return;
    // the pid may have come to mean another process before the handle was open
    if (this.#hasMarksOf(pid)) this.#process = handle;
    else handle.close();
  }

  /** Whether the living process `pid`, which holds the lock of `config`, is this primary. */
  is(pid: number): boolean {
    if (pid !== this.pid) return false;
    return this.#process?.isAlive === true || this.#hasMarksOf(pid);
  }

  /** A mark that isn't known on either side decides nothing: a primary that cleaned up has no socket any more. */
  #hasMarksOf(pid: number): boolean {
    const { startTime, socket } = this.#marks;
    const now = marksOf(pid, this.#runtimePath);
    if (startTime !== undefined && now.startTime !== undefined) return startTime === now.startTime;
    return socket === undefined || now.socket === undefined || socket === now.socket;
  }

  close(): void {
    this.#process?.close();
  }
}

function marksOf(pid: number, runtimePath: string): Marks {
  const stat = ignoringErrno(() => statSync(`${runtimePath}/${PRIMARY_SOCKET}`, { bigint: true }));
  // not the time of change: another process may set the socket's mode
  return { startTime: startTimeOf(pid), socket: stat && `${stat.ino}:${stat.birthtimeNs}` };
}
