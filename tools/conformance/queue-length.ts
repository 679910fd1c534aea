import { textOf } from '../../sys/process-facts.js';

/** How many datagrams a Unix socket's queue holds. */
export function queueLength(): number {
  return Number(textOf('/proc/sys/net/unix/max_dgram_qlen') ?? 10) + 1;
}
