import { MpError } from '../../../protocol/errors.js';
import { runtimePath } from '../../../protocol/paths.js';
import type { Check } from '../finding.js';

/** The path of a socket has 107 bytes; C cuts longer ones off. */
export const badPath: Check = {
  id: 'bad-path',
  run({ runtimeDir, filePrefix }) {
    try {
      runtimePath(runtimeDir, filePrefix);
      return undefined;
    } catch (error) {
      if (!(error instanceof MpError)) throw error;
      const isLong = error.code === 'ENAMETOOLONG';
      return {
        severity: 'error',
        what: isLong ? 'The path of the runtime directory is too long' : 'The path is not usable',
        evidence: error.message,
        fix: isLong
          ? 'Start the primary and everybody else with a shorter --file-prefix, or in a shorter directory'
          : 'Give --file-prefix and --runtime-dir as the primary has them',
      };
    }
  },
};
