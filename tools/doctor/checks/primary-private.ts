import { PRIMARY_SOCKET } from '../../../protocol/paths.js';
import { processesOfPrefix } from '../../../sys/threads.js';
import { boundSockets } from '../../../sys/unix-sockets.js';
import { type Check, describeProcess } from '../finding.js';
import type { Patient } from '../patient.js';

/** `--in-memory` and `--no-shconf` leave nothing for others; the telemetry socket, if it has one, or its command line tells. */
export const primaryPrivate: Check = {
  id: 'primary-private',
  run(patient) {
    const evidence = evidenceOf(patient);
    if (evidence === undefined) return undefined;
    return {
      severity: 'error',
      what: 'The primary shares nothing: it has neither IPC nor memory for others',
      evidence: `${evidence}, and ${patient.directory} has no config and no ${PRIMARY_SOCKET}`,
      fix: 'Start it without --in-memory and --no-shconf',
    };
  },
};

function evidenceOf({ inspection, filePrefix }: Patient): string | undefined {
  if (inspection?.state === 'private') return 'its telemetry socket is bound';
  const isBound = boundSockets().some(({ path }) => path.endsWith(`/${filePrefix}/${PRIMARY_SOCKET}`));
  if (inspection !== undefined || isBound) return undefined;
  const pid = processesOfPrefix(filePrefix)[0];
  return pid === undefined ? undefined : `${describeProcess(pid)} runs under this prefix`;
}
