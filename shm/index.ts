/** `dpdk-ipc/shm`: the shared memory of a DPDK primary. */
export { type AttachOptions, attachMemory } from './attach.js';
export type { ReserveOptions } from './heap/memzone-request.js';
export { MemzoneFlag } from './heap/page-flags.js';
export type { Memseg } from './memseg.js';
export type { Memzone } from './memzone.js';
export { disableMultiProcess, enableMultiProcess, type MultiProcessStatus } from './mp-status.js';
export { attachShared, type MemzoneHandle, SharedMemzone } from './share.js';
export type { SharedMemory } from './shared-memory.js';
export type { SnapshotRange } from './snapshot.js';
