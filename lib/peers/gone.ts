import { ECONNREFUSED, ENOENT } from '../../sys/errno.js';
import type { Transport } from '../transport/transport.js';

/**
 * Whether a send of a primary failed because the secondary is dead or has just left, which is no failure: there is
 * nobody to reach. A dead one's name is removed, as C does.
 */
export function isSecondaryGone(transport: Transport, path: string, result: number): boolean {
  if (result === -ECONNREFUSED) transport.forgetSecondary(path);
  return result === -ECONNREFUSED || (result === -ENOENT && !transport.exists(path));
}
