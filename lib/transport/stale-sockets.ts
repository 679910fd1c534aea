import { readdirSync } from 'node:fs';
import { pidOfSocket } from '../../protocol/paths.js';
import { DatagramSocket } from '../../sys/datagram-socket.js';
import { ECONNREFUSED } from '../../sys/errno.js';
import { tryUnlink } from '../../sys/exit-cleanup.js';
import { debug } from '../diagnostics.js';

/**
 * Removes the sockets of killed processes from a runtime directory. Both must hold: the kernel says that nobody is
 * bound there, and the process that its name tells of doesn't exist. Of a living process in another pid namespace
 * the second may be true at any time and the first only between the two halves of its `bind`.
 */
export function removeStaleSockets(directory: string): void {
  const suspects = namesIn(directory).filter(isOfDeadProcess);
  if (suspects.length === 0) return;
  const probe = DatagramSocket.open('filesystem');
  if (typeof probe === 'number') return; // out of descriptors: whoever needs one next says so
  try {
    for (const name of suspects) {
      const path = `${directory}/${name}`;
      if (probe.connect(path) === -ECONNREFUSED) tryUnlink(path);
    }
  } finally {
    probe.close();
  }
}

function isOfDeadProcess(name: string): boolean {
  const pid = pidOfSocket(name);
  return pid !== undefined && !processExists(pid);
}

/** What can't be seen can't be removed: whoever starts next looks again. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    debug('stale sockets of %s stay: %s', directory, error);
    return [];
  }
}

/** Whether there is such a process in our pid namespace. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
