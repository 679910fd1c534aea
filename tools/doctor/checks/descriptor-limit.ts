import { descriptorCount, textOf } from '../../../sys/process-facts.js';
import { type Check, describeProcess } from '../finding.js';

/** What doesn't find room is cut off by the kernel, and C ends its IPC thread over that. */
export const descriptorLimit: Check = {
  id: 'descriptor-limit',
  run({ isRunning, primary, dialect }) {
    if (!isRunning || primary === undefined || dialect === undefined) return undefined;
    const limit = Number(/^Max open files +(\d+)/m.exec(textOf(`/proc/${primary.pid}/limits`) ?? '')?.[1]);
    const used = descriptorCount(primary.pid);
    const free = limit - used;
    if (used === 0 || Number.isNaN(limit) || free >= dialect.maxFds) return undefined;
    return {
      severity: free <= 0 ? 'error' : 'warning',
      what: `The primary is about to run out of descriptors: a message that carries more than ${Math.max(0, free)} ends its IPC thread`,
      evidence: `${describeProcess(primary.pid)} has ${used} of ${limit} open; a message may carry ${dialect.maxFds}`,
      fix: `Raise its limit (prlimit --pid ${primary.pid} --nofile=${limit * 4}, or LimitNOFILE=), and look for descriptors that it never closes`,
    };
  },
};
