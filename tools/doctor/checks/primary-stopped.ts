import { isStopped } from '../../../sys/process-facts.js';
import { type Check, describeProcess } from '../finding.js';

/** SIGSTOP, Ctrl-Z, a debugger. */
export const primaryStopped: Check = {
  id: 'primary-stopped',
  run({ primary, isRunning }) {
    if (!isRunning || primary === undefined || !isStopped(primary)) return undefined;
    const isTraced = primary.state === 't';
    return {
      severity: 'error',
      what: `The primary is stopped${isTraced ? ' in a debugger' : ''}: it takes messages and answers none`,
      evidence: `${describeProcess(primary.pid)} is in state ${primary.state}`,
      fix: isTraced ? 'Continue it in the debugger' : `Continue it: kill -CONT ${primary.pid}`,
    };
  },
};
