import { isInOtherMountNamespace } from '../../../sys/mounts.js';
import { processesOfPrefix } from '../../../sys/proc.js';
import { boundSockets, socketOwners } from '../../../sys/unix-sockets.js';
import { identityOf } from '../../instances/find.js';
import { count, type DoctorCheck, describeProcess } from '../finding.js';
import type { Patient } from '../patient.js';

/** A process of this prefix, whose files aren't there for us: it sees another file system. */
export const otherMountNamespace: DoctorCheck = {
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

/** C compares the paths of sockets as strings: /run/dpdk is not /var/run/dpdk. */
export const otherSpelling: DoctorCheck = {
  id: 'other-spelling',
  run({ runtimeDir, filePrefix, socketPath, inspection }) {
    if (inspection?.primarySocket !== 'bound') return undefined;
    const here = identityOf(socketPath);
    const bound = boundSockets().map(({ path }) => path);
    const end = `/${filePrefix}/mp_socket`;
    const others = bound.filter((path) => path.endsWith(end) && identityOf(path) === here);
    const spelled = others[0];
    if (spelled === undefined || others.includes(socketPath)) return undefined;
    return {
      severity: 'error',
      what: `The primary spells the runtime directory otherwise than ${runtimeDir}`,
      evidence: `it is bound to ${spelled}, which is the same file as ${socketPath}; C drops answers whose path is another string`,
      fix: `Give --runtime-dir ${spelled.slice(0, -end.length)}`,
    };
  },
};

/** Secondaries that bound their sockets under another name of the directory: what they answer is dropped. */
export const peersOtherSpelling: DoctorCheck = {
  id: 'peers-other-spelling',
  run({ directory, inspection }) {
    const alive = inspection?.secondaries.alive ?? [];
    const bound = new Set(boundSockets().map(({ path }) => path));
    const strangers = alive.filter(({ path }) => {
      const name = path.slice(directory.length);
      return (
        !bound.has(path) &&
        [...bound].some((other) => other.endsWith(name) && identityOf(other) === identityOf(path))
      );
    });
    const first = strangers[0];
    if (first === undefined) return undefined;
    return {
      severity: 'error',
      what: `${count(strangers.length, 'secondary socket')} spelled otherwise than ${directory}: the primary drops every answer from there`,
      evidence: `${first.path} was bound under another path`,
      fix: `Restart ${strangers.map(({ pid }) => `process ${pid}`).join(', ')} with the runtime directory spelled as the primary has it`,
    };
  },
};

/** The kernel says 0 for a lock's owner that has no pid here. */
export const pidNamespace: DoctorCheck = {
  id: 'pid-namespace',
  run({ inspection, directory }) {
    if (inspection?.head?.lock?.pid !== 0) return undefined;
    return {
      severity: 'note',
      what: 'The primary is in another pid namespace (a container, most likely)',
      evidence: `the lock on ${directory}/config is held by a process that has no pid here`,
      fix: 'Messages work. Memory without file names (--no-huge, --huge-unlink) does not, and whether its threads live is seen only from its own pid namespace or one above: run the doctor there',
    };
  },
};
