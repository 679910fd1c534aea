import type { Check } from '../finding.js';

/** A datagram of the wrong length ends the IPC thread of a C process, so nothing is sent to such a primary. */
export const versionUnknown: Check = {
  id: 'version-unknown',
  run({ inspection }) {
    const word = inspection?.head?.versionWord;
    if (inspection === undefined || inspection.dialect !== undefined || word === undefined) return undefined;
    return {
      severity: 'error',
      what: `The primary is of a release that is not known: ${inspection.version}`,
      evidence: `the version in its config is 0x${word.toString(16).padStart(8, '0')}; known are 18.11 to 26.11`,
      fix: 'Use a newer dpdk-ipc. If you know that its messages are as those of another release, give --dialect',
    };
  },
};
