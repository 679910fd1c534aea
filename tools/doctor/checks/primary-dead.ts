import { isCProcess } from '../../../sys/threads.js';
import type { Check } from '../finding.js';

/** Files without a process. Secondaries that outlive their primary keep a new one from starting. */
export const primaryDead: Check = {
  id: 'primary-dead',
  run({ inspection, directory }) {
    if (inspection?.state !== 'dead') return undefined;
    const { head, primarySocket, secondaries } = inspection;
    const seen = [
      ...(head === undefined ? [] : [`nobody holds the lock on ${directory}/config`]),
      primarySocket === 'dead' ? 'nobody is bound to mp_socket' : 'mp_socket was removed',
    ];
    const pids = secondaries.alive.flatMap(({ pid }) => (pid !== undefined && isCProcess(pid) ? [pid] : []));
    if (pids.length === 0) {
      return {
        severity: 'error',
        // a clean exit removes it, and leaves config
        what: primarySocket === 'dead' ? 'The primary was killed, or has crashed' : 'The primary has ended',
        evidence: seen.join(', '),
        fix: 'Start it again: it takes over what is left',
      };
    }
    return {
      severity: 'error',
      what: `The primary is dead, and ${pids.length === 1 ? 'a C secondary of it lives' : `${pids.length} C secondaries of it live`} on`,
      evidence: `${seen.join(', ')}; still bound: ${pids.join(', ')}`,
      fix: `End ${pids.join(', ')} first: a new primary can't start while they hold its files; then start it`,
    };
  },
};
