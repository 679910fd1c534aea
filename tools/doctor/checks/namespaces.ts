import { isInOtherMountNamespace } from '../../../sys/mounts.js';
import { processesOfPrefix } from '../../../sys/proc.js';
import { boundSockets, socketOwners } from '../../../sys/unix-sockets.js';
import { identityOf } from '../../instances/find.js';
import { count, type DoctorCheck, describeProcess, type Target } from '../doctor-check.js';

/** Finds a process of this prefix whose files don't exist here: it sees another file system. */
export const otherMountNamespace: DoctorCheck = (target) => {
  if (target.inspection !== undefined) return undefined;
  const pid = boundHere(target) ?? processesOfPrefix(target.filePrefix).find(isInOtherMountNamespace);
  if (pid === undefined) return undefined;
  const who = pid === 0 ? 'a process that can not be seen from here' : describeProcess(pid);
  const isOther = pid !== 0 && isInOtherMountNamespace(pid);
  return {
    what: "The primary's files are in another mount namespace (a container, most likely)",
    evidence: `${who} runs under this prefix, and there is no ${target.socketPath} here${isOther ? '; its /proc/<pid>/ns/mnt is not ours' : ''}`,
    fix:
      pid === 0
        ? 'Run in the same container, or mount the runtime directory into both'
        : `Mount the runtime directory into both, or run there: nsenter --mount --target ${pid}`,
  };
};

/** The pid that is bound to the missing path, 0 if it is hidden: the kernel lists all sockets of a network namespace. */
function boundHere({ socketPath }: Target): number | undefined {
  const socket = boundSockets().find(({ path }) => path === socketPath);
  return socket && (socketOwners(new Set([socket.inode])).get(socket.inode) ?? 0);
}

/** The kernel reports pid 0 for a lock whose owner is in another pid namespace. */
export const pidNamespace: DoctorCheck = ({ inspection, directory }) => {
  if (inspection?.head?.lock?.pid !== 0) return undefined;
  return {
    severity: 'note',
    what: 'The primary is in another pid namespace (a container, most likely)',
    evidence: `the lock on ${directory}/config is held by a process that has no pid here`,
    fix: 'Messages work. Memory without file names (--no-huge, --huge-unlink) does not, and only its own pid namespace or one above shows whether its threads live: run the doctor there',
  };
};

/** C compares the paths of sockets as strings: /run/dpdk is not /var/run/dpdk. */
export const otherSpelling: DoctorCheck = ({ runtimeDir, filePrefix, socketPath, inspection }) => {
  if (inspection?.primarySocket !== 'bound') return undefined;
  const identity = identityOf(socketPath);
  const end = `/${filePrefix}/mp_socket`;
  const paths = boundSockets().map(({ path }) => path);
  const spellings = paths.filter((path) => path.endsWith(end) && identityOf(path) === identity);
  const first = spellings[0];
  if (first === undefined || spellings.includes(socketPath)) return undefined;
  return {
    what: `The primary spells the runtime directory differently from ${runtimeDir}`,
    evidence: `it is bound to ${first}, which is the same file as ${socketPath}; C drops answers whose path is another string`,
    fix: `Give --runtime-dir ${first.slice(0, -end.length)}`,
  };
};

/** Finds secondaries that bound their sockets under another name of the directory: the primary drops their answers. */
export const peersOtherSpelling: DoctorCheck = ({ directory, inspection }) => {
  const bound = new Set(boundSockets().map(({ path }) => path));
  const misspelt = (inspection?.secondaries.alive ?? []).filter(({ path }) => {
    if (bound.has(path)) return false;
    const name = path.slice(directory.length);
    return [...bound].some((other) => other.endsWith(name) && identityOf(other) === identityOf(path));
  });
  const first = misspelt[0];
  if (first === undefined) return undefined;
  return {
    what: `${count(misspelt.length, 'secondary socket')} spelled differently from ${directory}: the primary drops every answer from there`,
    evidence: `${first.path} was bound under another path`,
    fix: `Restart ${misspelt.map(({ pid }) => `process ${pid}`).join(', ')} with the runtime directory spelled as the primary has it`,
  };
};
