// The tutorial's `struct shared_info`, which is in the server's memzone.
import { struct, u32, u64, type ViewOf } from '../../protocol/index.js';

export const SharedInfo = struct({ forceQuit: u32, requests: u64, asyncRequests: u64 });
/** The struct in place: reading and writing its fields reads and writes the memzone. */
export type SharedInfo = ViewOf<typeof SharedInfo>;

/** Size of the memzone: in C the struct is `__rte_cache_aligned`, and so takes a cache line. */
export const SHARED_INFO_LENGTH = 64;

/** The counters, in the words of the C server. */
export function countersOf({ requests, asyncRequests }: SharedInfo): string {
  return `handled sync requests: ${requests}, async requests: ${asyncRequests}`;
}
