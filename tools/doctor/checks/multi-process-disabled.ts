import { MpError } from '../../../protocol/errors.js';
import { isMultiProcessDisabled } from '../../../shm/attach/mp-status.js';
import type { Check } from '../finding.js';

/** `rte_mp_disable`, which `rte_thread_register` calls, too. */
export const multiProcessDisabled: Check = {
  id: 'multi-process-disabled',
  run({ sharesMemory, directory }) {
    if (!sharesMemory) return undefined;
    const path = `${directory}/config`;
    if (!isDisabled(path)) return undefined;
    return {
      severity: 'warning',
      what: 'The primary has disabled multi-process: C secondaries are refused, and so is visibility peer',
      evidence: `mp_status in ${path} is 1 (rte_mp_disable or rte_thread_register was called)`,
      fix: "Private requests work (visibility 'private', dpdk-ipc request). For secondaries restart the primary without that call, or start a secondary first",
    };
  },
};

/** A file that isn't as it should be is for another check to say. */
function isDisabled(config: string): boolean {
  try {
    return isMultiProcessDisabled(config);
  } catch (error) {
    if (error instanceof MpError) return false;
    throw error;
  }
}
