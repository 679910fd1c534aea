import { threadNames } from '../../../sys/process-facts.js';
import { isIpcThreadGone } from '../../../sys/threads.js';
import { type Check, describeProcess } from '../finding.js';

/** One malformed datagram does that, since 22.03. */
export const ipcThreadDead: Check = {
  id: 'ipc-thread-dead',
  run({ isRunning, cPrimary }) {
    if (!isRunning || cPrimary === undefined || !isIpcThreadGone(cPrimary.pid)) return undefined;
    const threads = threadNames(cPrimary.pid);
    return {
      severity: 'error',
      what: "The primary's IPC thread has ended: it never answers again, and whoever sends to it will hang",
      evidence: `${describeProcess(cPrimary.pid)} has the threads ${threads.join(', ')}, and no rte_mp_handle or dpdk-mp-msg`,
      fix: 'Restart the primary. One malformed datagram ends the thread (of another release, another program, or with more descriptors than were free): its log may have "truncated msg"',
    };
  },
};
