// The C primary of test/shm/heap/peers/heap.c.
import { fileURLToPath } from 'node:url';
import type { CProcess } from '../../../support/c-process.js';
import type { PeerScope } from '../../../support/dpdk/peers-for.js';
import { startSource } from '../../support/stress.js';

const SOURCE = fileURLToPath(new URL('../peers/heap.c', import.meta.url));
const MEMORY_MB = 16;

export function startHeapPeer(scope: PeerScope, args: readonly string[]): Promise<CProcess> {
  return startSource(scope, 'heap', SOURCE, { memoryMb: MEMORY_MB, args });
}
