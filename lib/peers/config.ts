import { DIALECTS, type Dialect, dialectOf } from '../../protocol/dialect.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/config-head.js';
import { fileError } from '../../sys/system-error.js';

/** What a primary's `config` tells, `undefined` where there is none. Throws `EACCES` and the like. */
export function readConfig(path: string): ConfigHead | undefined {
  try {
    return readConfigHead(path);
  } catch (error) {
    throw fileError(error, path, 'Run as the same user as the primary');
  }
}

/** What a primary speaks that says nothing about itself: a Node primary without shared memory. */
export const DEFAULT_DIALECT = DIALECTS['332/8'];

/**
 * What the primary speaks beside this `config`. Without its owner's lock the file is a dead primary's, and tells nothing
 * about the one at the socket. Throws `EVERSION` for a release that isn't known.
 */
export function dialectIn(head: ConfigHead | undefined): Dialect {
  return head?.lock === undefined ? DEFAULT_DIALECT : dialectOf(head.versionWord);
}
