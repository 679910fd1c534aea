import { MpError } from '../../../protocol/errors.js';
import { attachMemory } from '../../../shm/attach/attach.js';
import type { Check } from '../finding.js';

/** Nobody holds the lock of a table that long, unless memory grows while a secondary is silent. */
const LOCK_TIMEOUT_MS = 1_000;

/** Attaches and reads the tables, as every user of the memory has to. */
export const memoryUnusable: Check = {
  id: 'memory-unusable',
  run({ sharesMemory, filePrefix, runtimeDir, directory }) {
    if (!sharesMemory) return undefined;
    try {
      const memory = attachMemory({ filePrefix, runtimeDir, lockTimeoutMs: LOCK_TIMEOUT_MS });
      memory.memzones();
      memory.memsegs();
      memory.detach();
      return undefined;
    } catch (error) {
      if (!(error instanceof MpError)) throw error;
      const isLocked = error.code === 'ETIMEDOUT';
      return {
        severity: 'error',
        what: isLocked
          ? "A lock of the primary's memory stays taken: nobody can look up or reserve memzones"
          : "The primary's memory can not be attached",
        evidence: error.message,
        fix: isLocked
          ? 'If memory grows just now, wait 10 s (a silent secondary holds it up that long). Else a process was killed while it held the lock: restart the primary and its secondaries'
          : `Is ${directory}/config that of an unmodified DPDK? Report it if it is`,
      };
    }
  },
};
