/** DPDK's allocator on shared memory: heaps, blocks and memzones, as C processes keep them. */
export { checkHeap } from './check/check-heap.js';
export { Heap } from './heap.js';
export { addRun, initHeaps } from './heaps.js';
export { Memzones } from './memzones.js';
export { serveMallocRequest } from './serve-malloc.js';
export { SharedLocks } from './shared-locks.js';
