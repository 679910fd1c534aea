import type { Check } from '../finding.js';

/** A primary in Node may do without. */
export const noMemory: Check = {
  id: 'no-memory',
  run({ isRunning, sharesMemory, directory }) {
    if (!isRunning || sharesMemory) return undefined;
    return {
      severity: 'note',
      what: 'The primary has no shared memory: it is no C process, and was opened without any',
      evidence: `it is bound to mp_socket, and holds no lock on ${directory}/config`,
      fix: 'Messages work. C secondaries can not attach, and there are no memzones: give openPrimary the option memory for those',
    };
  },
};
