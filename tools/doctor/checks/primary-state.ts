import { PRIMARY_SOCKET } from '../../../protocol/paths.js';
import { isMultiProcessDisabled } from '../../../shm/attach/mp-status.js';
import { isCProcess, isStopped, processesOfPrefix } from '../../../sys/proc.js';
import { boundSockets } from '../../../sys/unix-sockets.js';
import { type DoctorCheck, describeProcess, resultOrError, type Target } from '../doctor-check.js';

/** Finds files without a process. C secondaries that outlive their primary keep a new one from starting. */
export const primaryDead: DoctorCheck = ({ inspection, directory }) => {
  if (inspection?.state !== 'dead') return undefined;
  const { head, primarySocket, secondaries } = inspection;
  const seen = [
    ...(head === undefined ? [] : [`nobody holds the lock on ${directory}/config`]),
    primarySocket === 'dead' ? 'nobody is bound to mp_socket' : 'mp_socket was removed',
  ].join(', ');
  const pids = secondaries.alive.flatMap(({ pid }) => (pid !== undefined && isCProcess(pid) ? [pid] : []));
  if (pids.length === 0) {
    return {
      // a clean exit removes the socket and leaves config
      what: primarySocket === 'dead' ? 'The primary was killed, or has crashed' : 'The primary has ended',
      evidence: seen,
      fix: 'Start it again: it takes over what is left',
    };
  }
  return {
    what: `The primary is dead, and ${pids.length === 1 ? 'a C secondary still runs' : `${pids.length} C secondaries still run`}`,
    evidence: `${seen}; still bound: ${pids.join(', ')}`,
    fix: `End ${pids.join(', ')} first: a new primary can't start while they hold its files; then start it`,
  };
};

/** Finds a primary that holds its lock and hasn't completed its initialisation. */
export const primaryStarting: DoctorCheck = ({ inspection, directory }) => {
  if (inspection?.state !== 'starting') return undefined;
  const { primary } = inspection;
  const isHalted = primary !== undefined && isStopped(primary);
  const who = primary === undefined ? 'a process of another pid namespace' : describeProcess(primary.pid);
  return {
    what: isHalted ? 'The primary was stopped while it was starting' : 'The primary is still starting',
    evidence: `${who} holds the lock on ${directory}/config, whose magic is not set yet${isHalted ? ` (state ${primary.state})` : ''}`,
    fix: isHalted
      ? `Continue it: kill -CONT ${primary.pid}`
      : 'Wait for rte_eal_init to return: it may be clearing hugepages. If it never does, see what it waits for (its log, gdb)',
  };
};

/** Finds a primary that SIGSTOP, Ctrl-Z or a debugger has stopped. */
export const primaryStopped: DoctorCheck = ({ primary, isRunning }) => {
  if (!isRunning || primary === undefined || !isStopped(primary)) return undefined;
  const isTraced = primary.state === 't';
  return {
    what: `The primary is stopped${isTraced ? ' in a debugger' : ''}: it takes messages and answers none`,
    evidence: `${describeProcess(primary.pid)} is in state ${primary.state}`,
    fix: isTraced ? 'Continue it in the debugger' : `Continue it: kill -CONT ${primary.pid}`,
  };
};

/** Finds a primary that shares nothing: by its telemetry socket, if it has one, or by its command line. */
export const primaryPrivate: DoctorCheck = (target) => {
  const evidence = evidenceOfPrivate(target);
  if (evidence === undefined) return undefined;
  return {
    what: 'The primary shares nothing: it has neither IPC nor memory for others',
    evidence: `${evidence}, and ${target.directory} has no config and no ${PRIMARY_SOCKET}`,
    fix: 'Start it without --in-memory and --no-shconf',
  };
};

function evidenceOfPrivate({ inspection, filePrefix }: Target): string | undefined {
  if (inspection?.state === 'private') return 'its telemetry socket is bound';
  const isBound = boundSockets().some(({ path }) => path.endsWith(`/${filePrefix}/${PRIMARY_SOCKET}`));
  if (inspection !== undefined || isBound) return undefined;
  const pid = processesOfPrefix(filePrefix)[0];
  return pid === undefined ? undefined : `${describeProcess(pid)} runs under this prefix`;
}

/** `rte_mp_disable` was called; `rte_thread_register` calls it, too. */
export const multiProcessDisabled: DoctorCheck = ({ sharesMemory, directory }) => {
  const path = `${directory}/config`;
  // memory-unusable reports a damaged file
  if (!sharesMemory || resultOrError(() => isMultiProcessDisabled(path)) !== true) return undefined;
  return {
    severity: 'warning',
    what: "The primary has disabled multi-process: it refuses C secondaries, and channels with visibility 'peer'",
    evidence: `mp_status in ${path} is 1 (rte_mp_disable or rte_thread_register was called)`,
    fix: "Private requests work (visibility 'private', dpdk-ipc request). For secondaries restart the primary without that call, or start a secondary first",
  };
};

/** A datagram of the wrong length ends the IPC thread of a C process, so no check sends such a primary anything. */
export const versionUnknown: DoctorCheck = ({ inspection }) => {
  const word = inspection?.head?.versionWord;
  if (inspection === undefined || inspection.dialect !== undefined || word === undefined) return undefined;
  return {
    what: `The primary is of an unknown release: ${inspection.version}`,
    evidence: `the version in its config is 0x${word.toString(16).padStart(8, '0')}; known are 18.11 to 26.11`,
    fix: "Use a newer dpdk-ipc. If you know that its messages have another release's format, give --dialect",
  };
};
