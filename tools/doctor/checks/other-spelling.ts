import { boundSockets } from '../../../sys/unix-sockets.js';
import { identityOf } from '../../instances/runtime-dirs.js';
import { type Check, count } from '../finding.js';

/** C compares the paths of sockets as strings: /run/dpdk is not /var/run/dpdk. */
export const otherSpelling: Check = {
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
export const peersOtherSpelling: Check = {
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
