import { socketOwners } from '../../instances/process-facts.js';
import { boundSockets } from '../../instances/unix-sockets.js';
import { type Check, describeProcess } from '../finding.js';
import { isInOtherMountNamespace } from '../mounts.js';

/** A primary bound at this very path that isn't there for us: it sees another file system. */
export const otherMountNamespace: Check = {
  id: 'other-mount-namespace',
  run({ socketPath, inspection }) {
    if (inspection !== undefined) return undefined;
    const socket = boundSockets().find(({ path }) => path === socketPath);
    if (socket === undefined) return undefined;
    const pid = socketOwners(new Set([socket.inode])).get(socket.inode);
    const who = pid === undefined ? 'a process that can not be seen from here' : describeProcess(pid);
    const isOther = pid !== undefined && isInOtherMountNamespace(pid);
    return {
      severity: 'error',
      what: "The primary's files are in another mount namespace (a container, most likely)",
      evidence: `${who} is bound to ${socketPath}, and there is no such file here${isOther ? '; its /proc/<pid>/ns/mnt is not ours' : ''}`,
      fix:
        pid === undefined
          ? 'Run in the same container, or mount the runtime directory into both'
          : `Mount the runtime directory into both, or run there: nsenter --mount --target ${pid}`,
    };
  },
};
