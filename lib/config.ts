import { type ConfigHead, readConfigHead } from './sys/config-head.js';
import { fileError } from './system-error.js';

/** What a primary's `config` tells, `undefined` where there is none. Throws `EACCES` and the like. */
export function readConfig(path: string): ConfigHead | undefined {
  try {
    return readConfigHead(path);
  } catch (error) {
    throw fileError(error, path, 'Run as the same user as the primary');
  }
}
