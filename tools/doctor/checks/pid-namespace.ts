import type { Check } from '../finding.js';

/** The kernel says 0 for a lock's owner that has no pid here. */
export const pidNamespace: Check = {
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
