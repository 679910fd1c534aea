import { readFileSync } from 'node:fs';
import { parseMemConfig } from '../../../shm/mem-config.js';
import type { Check } from '../finding.js';

const DISABLED = 1; // enum mp_status (eal_memcfg.h)

/** `rte_mp_disable`, which `rte_thread_register` calls, too. */
export const multiProcessDisabled: Check = {
  id: 'multi-process-disabled',
  run({ sharesMemory, directory }) {
    if (!sharesMemory) return undefined;
    const path = `${directory}/config`;
    const bytes = readFileSync(path);
    const offset = parseMemConfig(bytes, path).layout.offsets.mpStatus;
    if (offset === undefined || bytes[offset] !== DISABLED) return undefined;
    return {
      severity: 'warning',
      what: 'The primary has disabled multi-process: C secondaries are refused, and so is visibility peer',
      evidence: `mp_status in ${path} is 1 (rte_mp_disable or rte_thread_register was called)`,
      fix: "Private requests work (visibility 'private', dpdk-ipc request). For secondaries restart the primary without that call, or start a secondary first",
    };
  },
};
