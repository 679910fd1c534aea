import { basename } from 'node:path';
import { isIpcThreadGone, isStopped, processFacts } from '../../../sys/proc.js';
import { type Answer, ask } from '../../instances/ask.js';
import type { SecondarySocket } from '../../instances/inspect.js';
import { count, type DoctorCheck, describeProcess } from '../finding.js';
import type { Patient } from '../patient.js';

interface Silent {
  readonly pid: number | undefined;
  readonly why: string;
  readonly fix: string;
}

/** The primary waits for each secondary: one that is silent fails its broadcasts, its hotplug and its allocations. */
export const peersSilent: DoctorCheck = {
  id: 'peers-silent',
  async run(patient) {
    const { inspection } = patient;
    if (inspection === undefined || inspection.state !== 'running') return undefined;
    const looks = await Promise.all(inspection.secondaries.alive.map((peer) => look(peer, patient)));
    const silent = looks.filter((found) => found !== undefined);
    if (silent.length === 0) return undefined;
    return {
      severity: 'error',
      what: `${count(silent.length, 'secondary process')} ${silent.length === 1 ? 'does' : 'do'} not answer: the primary's broadcasts fail or wait 5 s for it, and so do hotplug and memory that grows`,
      evidence: silent
        .map(({ pid, why }) => `${pid === undefined ? 'a secondary' : describeProcess(pid)} ${why}`)
        .join('; '),
      fix: [...new Set(silent.map(({ fix }) => fix))].join('; '),
    };
  },
};

async function look({ path, pid }: SecondarySocket, patient: Patient): Promise<Silent | undefined> {
  const facts = pid === undefined ? undefined : processFacts(pid);
  if (facts !== undefined && isStopped(facts)) {
    return { pid, why: `is stopped (state ${facts.state})`, fix: `Continue it: kill -CONT ${pid}` };
  }
  if (pid !== undefined && isIpcThreadGone(pid)) {
    return {
      pid,
      why: 'has no IPC thread any more',
      fix: `Restart process ${pid}: a malformed datagram has ended its IPC`,
    };
  }
  const { directory, dialect, timeoutMs } = patient;
  if (dialect === undefined) return undefined;
  const answer = await ask(directory, path, dialect, timeoutMs);
  // it may have ended since it was found
  if (['answers', 'ECONNREFUSED', 'ENOENT'].includes(answer)) return undefined;
  return { pid, ...explain(answer, timeoutMs) };
}

function explain(answer: Answer, timeoutMs: number): Omit<Silent, 'pid'> {
  if (answer === 'EAGAIN')
    return { why: 'has a full queue and does not read', fix: 'See what holds it up, or end it' };
  if (answer === 'silent')
    return { why: `did not answer within ${timeoutMs} ms`, fix: 'See what holds it up, or end it' };
  return { why: `can not be asked (${answer})`, fix: 'Look at its socket, and at who may write to it' };
}

/** Killed secondaries can't remove theirs, and no C process removes them until the primary broadcasts. */
export const staleSockets: DoctorCheck = {
  id: 'stale-sockets',
  run({ inspection, directory }) {
    const stale = inspection?.secondaries.stale ?? [];
    if (stale.length === 0) return undefined;
    const names = stale.map(({ path }) => basename(path));
    return {
      severity: 'warning',
      what: `${count(stale.length, 'socket')} of secondaries that died`,
      evidence: `nobody is bound to ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`,
      fix: `Harmless: the primary removes them at its next broadcast. By hand: rm ${names.map((name) => `${directory}/${name}`).join(' ')}`,
    };
  },
};
