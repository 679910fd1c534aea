import { readFileSync } from 'node:fs';
import { MpError } from '../../../protocol/errors.js';
import { chooseLayout } from '../../../shm/choose-layout.js';
import type { Check } from '../finding.js';

const DISABLED = 1; // enum mp_status (eal_memcfg.h)

/** `rte_mp_disable`, which `rte_thread_register` calls, too. */
export const multiProcessDisabled: Check = {
  id: 'multi-process-disabled',
  run({ sharesMemory, directory }) {
    if (!sharesMemory) return undefined;
    const path = `${directory}/config`;
    if (statusIn(readFileSync(path), path) !== DISABLED) return undefined;
    return {
      severity: 'warning',
      what: 'The primary has disabled multi-process: C secondaries are refused, and so is visibility peer',
      evidence: `mp_status in ${path} is 1 (rte_mp_disable or rte_thread_register was called)`,
      fix: "Private requests work (visibility 'private', dpdk-ipc request). For secondaries restart the primary without that call, or start a secondary first",
    };
  },
};

/** `undefined` before 20.08, and in a file that isn't as it should be, which is for another check to say. */
function statusIn(config: Buffer, path: string): number | undefined {
  try {
    return config[chooseLayout(config, path).offsets.mpStatus ?? -1];
  } catch (error) {
    if (error instanceof MpError) return undefined;
    throw error;
  }
}
