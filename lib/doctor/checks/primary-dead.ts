import { type Check, count } from '../finding.js';

/** Files without a process. Secondaries that outlive their primary keep a new one from starting. */
export const primaryDead: Check = {
  id: 'primary-dead',
  run({ inspection, directory }) {
    if (inspection?.state !== 'dead') return undefined;
    const { head, primarySocket, secondaries } = inspection;
    const seen = [
      ...(head === undefined ? [] : [`nobody holds the lock on ${directory}/config`]),
      primarySocket === 'dead' ? 'nobody is bound to mp_socket' : 'there is no mp_socket',
    ];
    const { alive } = secondaries;
    if (alive.length === 0) {
      return {
        severity: 'error',
        what: 'The primary is dead',
        evidence: seen.join(', '),
        fix: 'Start it again; it takes over what is left',
      };
    }
    const pids = alive.map(({ pid }) => pid).join(', ');
    return {
      severity: 'error',
      what: `The primary is dead, and ${count(alive.length, 'secondary process')} of it ${alive.length === 1 ? 'lives' : 'live'} on`,
      evidence: `${seen.join(', ')}; still bound: ${pids}`,
      fix: `End ${pids} first: a new primary can't start while they hold its files; then start it`,
    };
  },
};
