import { isStopped } from '../../../sys/process-facts.js';
import { type Check, describeProcess } from '../finding.js';

/** It has its lock, and not yet said that its initialisation is complete. */
export const primaryStarting: Check = {
  id: 'primary-starting',
  run({ inspection, directory }) {
    if (inspection?.state !== 'starting') return undefined;
    const { primary } = inspection;
    const isHalted = primary !== undefined && isStopped(primary);
    const who = primary === undefined ? 'a process of another pid namespace' : describeProcess(primary.pid);
    return {
      severity: 'error',
      what: isHalted ? 'The primary was stopped while it was starting' : 'The primary is still starting',
      evidence: `${who} holds the lock on ${directory}/config, whose magic is not set yet${isHalted ? ` (state ${primary.state})` : ''}`,
      fix: isHalted
        ? `Continue it: kill -CONT ${primary.pid}`
        : 'Wait for rte_eal_init to return: it may be clearing hugepages. If it never does, see what it waits for (its log, gdb)',
    };
  },
};
