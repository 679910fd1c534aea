import { userName } from '../../../sys/process-facts.js';
import { foreignDirectory } from '../../../sys/runtime-owner.js';
import type { Check } from '../finding.js';

/** Such as another user's /tmp/dpdk, where DPDK goes without root and XDG_RUNTIME_DIR. */
export const foreignRuntimeDirectory: Check = {
  id: 'foreign-directory',
  run({ directory, uid }) {
    const foreign = foreignDirectory(directory);
    if (foreign === undefined) return undefined;
    const owner = userName(foreign.uid);
    return {
      severity: 'error',
      what: `The runtime directory is ${owner}'s, in a place where anybody could have made it: ${userName(uid)} does not use it`,
      evidence: `${foreign.path} belongs to ${owner}, and everybody may write to the directory that it is in; we are ${userName(uid)}`,
      fix: `Run as ${owner} (sudo -u ${owner} …, or setpriv --reuid ${foreign.uid}), or have the primary use a directory in a place that only its owner may write to`,
    };
  },
};
