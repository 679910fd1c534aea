import { basename } from 'node:path';
import { isIpcThreadGone, isStopped, processFacts } from '../../../sys/proc.js';
import type { SecondarySocket } from '../../instances/inspect.js';
import { probe } from '../../instances/probe.js';
import { count, type DoctorCheck, describeProcess, type Finding, type Target } from '../doctor-check.js';

/** The primary waits for each secondary: a silent one fails its broadcasts, hotplug and memory that grows. */
export const peersSilent: DoctorCheck = async (target) => {
  const { inspection } = target;
  if (inspection?.state !== 'running') return undefined;
  const looks = await Promise.all(inspection.secondaries.alive.map((socket) => look(socket, target)));
  const silent = looks.filter((found) => found !== undefined);
  if (silent.length === 0) return undefined;
  return {
    what: `${count(silent.length, 'secondary process')} ${silent.length === 1 ? 'does' : 'do'} not answer: the primary's broadcasts fail or wait 5 s for it, and so do hotplug and memory that grows`,
    evidence: silent.map(({ evidence }) => evidence).join('; '),
    fix: [...new Set(silent.map(({ fix }) => fix))].join('; '),
  };
};

/** Why a secondary does not answer, and what to do; `undefined` if it answers, or has ended. */
async function look(
  { path, pid }: SecondarySocket,
  { directory, dialect, timeoutMs }: Target,
): Promise<Pick<Finding, 'evidence' | 'fix'> | undefined> {
  const facts = pid === undefined ? undefined : processFacts(pid);
  const who = pid === undefined ? 'a secondary' : describeProcess(pid);
  if (facts !== undefined && isStopped(facts)) {
    return { evidence: `${who} is stopped (state ${facts.state})`, fix: `Continue it: kill -CONT ${pid}` };
  }
  if (pid !== undefined && isIpcThreadGone(pid)) {
    const fix = `Restart process ${pid}: a malformed datagram has ended its IPC thread`;
    return { evidence: `${who} has no IPC thread any more`, fix };
  }
  if (dialect === undefined) return undefined;
  const result = await probe(directory, path, dialect, timeoutMs);
  // ECONNREFUSED, ENOENT: the secondary has ended since it was found
  if (['answers', 'ECONNREFUSED', 'ENOENT'].includes(result)) return undefined;
  const fix = 'See what blocks it, or end it';
  if (result === 'EAGAIN') return { evidence: `${who} has a full queue and does not read`, fix };
  if (result === 'silent') return { evidence: `${who} did not answer within ${timeoutMs} ms`, fix };
  const atSocket = 'Look at its socket, and at who may write to it';
  return { evidence: `${who} can not be asked (${result})`, fix: atSocket };
}

/** A killed secondary leaves its socket behind until the primary broadcasts. */
export const staleSockets: DoctorCheck = ({ inspection, directory }) => {
  const stale = inspection?.secondaries.stale ?? [];
  if (stale.length === 0) return undefined;
  const names = stale.map(({ path }) => basename(path));
  return {
    severity: 'warning',
    what: `${count(stale.length, 'socket')} of secondaries that died`,
    evidence: `nobody is bound to ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`,
    fix: `Harmless: the primary removes them at its next broadcast. By hand: rm ${names.map((name) => `${directory}/${name}`).join(' ')}`,
  };
};
