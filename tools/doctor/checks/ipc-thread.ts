import {
  descriptorCount,
  isIpcThreadGone,
  isStopped,
  textOf,
  threadNames,
  userName,
} from '../../../sys/proc.js';
import { probePrimary } from '../../instances/find.js';
import { type DoctorCheck, describeProcess } from '../doctor-check.js';

/** One malformed datagram ends the thread, since 22.03. */
export const ipcThreadDead: DoctorCheck = ({ isRunning, primary }) => {
  if (!isRunning || primary === undefined || !isIpcThreadGone(primary.pid)) return undefined;
  const threads = threadNames(primary.pid);
  return {
    what: "The primary's IPC thread has ended: it never answers again, and every process that sends to it will hang",
    evidence: `${describeProcess(primary.pid)} has the threads ${threads.join(', ')}, and no rte_mp_handle or dpdk-mp-msg`,
    fix: 'Restart the primary. One malformed datagram ends the thread (from another release or another program, or with more descriptors than were free): its log may have "truncated msg"',
  };
};

/** A primary of another user may not write to our sockets. */
export const answersRefused: DoctorCheck = ({ isRunning, primary, uid, cannotReplyToUs }) => {
  if (!isRunning || primary === undefined || !cannotReplyToUs) return undefined;
  return {
    what: `The primary can not answer ${userName(uid)}: it would need the right to write to our socket`,
    evidence: `it runs as ${primary.user}, we are ${userName(uid)}`,
    fix: `Run as ${primary.user}: sudo -u ${primary.user} …, or setpriv --reuid ${primary.uid}`,
  };
};

/** Finds a primary that doesn't answer, unless another check reports the reason. */
export const ipcSilent: DoctorCheck = async ({ socketPath, inspection, cannotReplyToUs, timeoutMs }) => {
  const primary = inspection?.primary;
  const isReported = primary !== undefined && (isStopped(primary) || isIpcThreadGone(primary.pid));
  if (inspection === undefined || cannotReplyToUs || isReported) return undefined;
  const result = await probePrimary(inspection, timeoutMs);
  if (result === undefined || result === 'answers') return undefined;
  const who = primary === undefined ? 'The primary' : `The primary, ${describeProcess(primary.pid)},`;
  const refused = `sending to ${socketPath} gives ${result}`;
  if (result === 'EAGAIN') {
    return {
      what: 'The queue of the primary is full: it does not read its messages',
      evidence: refused,
      fix: `${who} is blocked in a handler, or waits for room in the queue of a process that does not read: look at its secondaries and its stack (gdb -p, thread rte_mp_handle or dpdk-mp-msg)`,
    };
  }
  if (result !== 'silent') {
    const fix = 'Look at the socket and at who may write to it';
    return { what: 'The primary can not be asked', evidence: refused, fix };
  }
  return {
    what: 'The primary takes requests and does not answer',
    evidence: `no answer to a harmless request (eal_dev_mp_request) within ${timeoutMs} ms`,
    fix: `${who} is blocked in a handler, or busy: see its stack (gdb -p, thread rte_mp_handle or dpdk-mp-msg), try again with a longer --timeout, or restart it`,
  };
};

/** The kernel drops descriptors that the receiver has no room for, and C then ends its IPC thread. */
export const descriptorLimit: DoctorCheck = ({ isRunning, primary, dialect }) => {
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
};
