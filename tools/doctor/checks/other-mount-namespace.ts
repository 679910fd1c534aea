import { isInOtherMountNamespace } from '../../../sys/mounts.js';
import { socketOwners } from '../../../sys/process-facts.js';
import { processesOfPrefix } from '../../../sys/threads.js';
import { boundSockets } from '../../../sys/unix-sockets.js';
import { type Check, describeProcess } from '../finding.js';
import type { Patient } from '../patient.js';

/** A process of this prefix, whose files aren't there for us: it sees another file system. */
export const otherMountNamespace: Check = {
  id: 'other-mount-namespace',
  run(patient) {
    if (patient.inspection !== undefined) return undefined;
    const pid = boundHere(patient) ?? processesOfPrefix(patient.filePrefix).find(isInOtherMountNamespace);
    if (pid === undefined) return undefined;
    const who = pid === 0 ? 'a process that can not be seen from here' : describeProcess(pid);
    const isOther = pid !== 0 && isInOtherMountNamespace(pid);
    return {
      severity: 'error',
      what: "The primary's files are in another mount namespace (a container, most likely)",
      evidence: `${who} runs under this prefix, and there is no ${patient.socketPath} here${isOther ? '; its /proc/<pid>/ns/mnt is not ours' : ''}`,
      fix:
        pid === 0
          ? 'Run in the same container, or mount the runtime directory into both'
          : `Mount the runtime directory into both, or run there: nsenter --mount --target ${pid}`,
    };
  },
};

/** Who is bound at the very path that isn't there, as the kernel tells all of a network namespace; 0 if it is hidden. */
function boundHere({ socketPath }: Patient): number | undefined {
  const socket = boundSockets().find(({ path }) => path === socketPath);
  return socket && (socketOwners(new Set([socket.inode])).get(socket.inode) ?? 0);
}
