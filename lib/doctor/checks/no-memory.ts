import type { Check } from '../finding.js';

/** A primary that isn't C may do without. */
export const noMemory: Check = {
  id: 'no-memory',
  run({ isRunning, sharesMemory, directory }) {
    if (!isRunning || sharesMemory) return undefined;
    return {
      severity: 'note',
      what: 'The primary has no shared memory: it is no C process, and was opened without any',
      evidence: `it is bound to mp_socket, and holds no lock on ${directory}/config`,
      fix: 'Messages work. C secondaries can not attach, and there are no memzones: start a C primary for those, or open this one with the option memory',
    };
  },
};
