import { isStopped } from '../../../sys/process-facts.js';
import { isIpcThreadGone } from '../../../sys/threads.js';
import { type Check, describeProcess } from '../finding.js';
import type { Patient } from '../patient.js';

/** The thread is there, or can't be seen, and no answer came. */
export const ipcSilent: Check = {
  id: 'ipc-silent',
  async run(patient) {
    const { socketPath, primary, timeoutMs } = patient;
    const answer = isExplained(patient) ? undefined : await patient.answer();
    if (answer === undefined || answer === 'answers') return undefined;
    const who = primary === undefined ? 'The primary' : `The primary, ${describeProcess(primary.pid)},`;
    if (answer === 'EAGAIN') {
      return {
        severity: 'error',
        what: 'The queue of the primary is full: it does not read what it is sent',
        evidence: `sending to ${socketPath} gives EAGAIN`,
        fix: `${who} is held up in a handler, or waits for room at somebody who does not read: look at its secondaries and its stack (gdb -p, thread rte_mp_handle or dpdk-mp-msg)`,
      };
    }
    if (answer !== 'silent') {
      return {
        severity: 'error',
        what: 'The primary can not be asked',
        evidence: `sending to ${socketPath} gives ${answer}`,
        fix: 'Look at the socket and at who may write to it',
      };
    }
    return {
      severity: 'error',
      what: 'The primary takes requests and does not answer',
      evidence: `no answer to a harmless request (eal_dev_mp_request) within ${timeoutMs} ms`,
      fix: `${who} is held up in a handler, or busy: see its stack (gdb -p, thread rte_mp_handle or dpdk-mp-msg), try again with a longer --timeout, or restart it`,
    };
  },
};

/** Other checks say why. */
function isExplained({ primary, mayNotAnswer }: Patient): boolean {
  if (primary === undefined) return false;
  return mayNotAnswer || isStopped(primary) || isIpcThreadGone(primary.pid);
}
