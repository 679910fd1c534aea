/** `dpdk-ipc/shm`: the shared memory of a DPDK primary. */
export { type AttachOptions, attachMemory } from './attach/attach.js';
export type { Memzone } from './attach/memzone.js';
export { disableMultiProcess, enableMultiProcess, type MultiProcessStatus } from './attach/mp-status.js';
export { attachShared, type MemzoneHandle, SharedMemzone } from './attach/share.js';
export type { ReserveOptions, SharedMemory } from './attach/shared-memory.js';
export type { SnapshotRange } from './attach/snapshot.js';
export { MemzoneFlag } from './heap/page-flags.js';
export type { Memseg } from './layout/memseg.js';
