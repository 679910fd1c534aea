import { readFileSync, statSync } from 'node:fs';
import { PRIMARY_SOCKET } from '../../protocol/paths.js';

/**
 * What tells one life of a primary from the next, which reuses the same files: its pid and when that process started,
 * or, where that can't be seen, the socket that it bound. A pid alone doesn't: in a container every start may get the same one.
 */
export interface Incarnation {
  /** 0 or less when the owner of the lock can't be seen from here: another pid namespace. */
  readonly pid: number;
  readonly startTime: string | undefined;
  readonly socket: string | undefined;
}

export function incarnationOf(pid: number, runtimePath: string): Incarnation {
  return { pid, startTime: startTimeOf(pid), socket: socketIdentity(`${runtimePath}/${PRIMARY_SOCKET}`) };
}

/** What isn't known on either side decides nothing: a primary that cleaned up has no socket any more. */
export function isSameIncarnation(a: Incarnation, b: Incarnation): boolean {
  if (a.pid !== b.pid) return false;
  if (a.startTime !== undefined && b.startTime !== undefined) return a.startTime === b.startTime;
  return agree(a.socket, b.socket);
}

function agree(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot. */
function startTimeOf(pid: number): string | undefined {
  if (pid <= 0) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // the second field is the command in parentheses, which may hold blanks and parentheses itself
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // gone meanwhile, or hidden from us: the other marks have to do
  }
}

function socketIdentity(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return `${stat.ino}:${stat.birthtimeNs}`; // not the time of change: somebody may set its mode
  } catch {
    return undefined; // the primary cleaned up, or we gave up our rights since we attached
  }
}
