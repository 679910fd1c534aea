import type { Check } from '../finding.js';

/** `--in-memory` and `--no-shconf` leave nothing for others. */
export const primaryPrivate: Check = {
  id: 'primary-private',
  run({ inspection, directory }) {
    if (inspection?.state !== 'private') return undefined;
    return {
      severity: 'error',
      what: 'The primary shares nothing: it has neither IPC nor memory for others',
      evidence: `its telemetry socket is bound in ${directory}, where there is no config and no mp_socket`,
      fix: 'Start it without --in-memory and --no-shconf',
    };
  },
};
