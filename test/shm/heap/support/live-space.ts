// The shared memory of a living C primary for the allocator: everything mapped for writing.

import { SharedFile } from '../../../../shm/attach/shared-file.js';
import type { SharedMemory } from '../../../../shm/attach/shared-memory.js';
import type { HeapSpace } from '../../../../shm/heap/heap-space.js';
import { parseMemConfig } from '../../../../shm/layout/mem-config.js';
import { SharedLocks } from '../../../../shm/locks/shared-locks.js';
import { Mapping } from '../../../../sys/mapping.js';
import type { PeerScope } from '../../../support/dpdk/peers-for.js';
import { attachLive } from '../../support/live-memory.js';

const PAGE = 4096;

export interface LiveSpace {
  readonly space: HeapSpace;
  readonly memory: SharedMemory;
  /** Words of mlock, memory_hotplug_lock and the first heap's lock: 0 while no process holds them. */
  locks(): number[];
}

/**
 * @param pages 'fixed' when no pages come or go: then each run of pages is mapped once
 */
export function liveSpace(scope: PeerScope, pages: 'fixed' | 'changing'): LiveSpace {
  const memory = attachLive(scope);
  const path = `${scope.runtimeDir}/config`;
  const config = mapFile(scope, path);
  const { buffer, byteOffset, byteLength } = config;
  const { layout, memzones, lists } = parseMemConfig(Buffer.from(buffer, byteOffset, byteLength), path);
  const { offsets } = layout;
  const configAddress = Number(config.getBigUint64(offsets.memCfgAddr, true));
  const zones = mapFile(scope, `${scope.runtimeDir}/fbarray_${memzones.name}`);
  const arrays = new Map<number, DataView>();
  const space: HeapSpace = {
    layout,
    config,
    configAddress,
    memzones: zones,
    locks: new SharedLocks({ layout, config, path }),
    segments(index) {
      const name = lists.find((list) => list.index === index)?.array.name;
      const array = arrays.get(index) ?? mapFile(scope, `${scope.runtimeDir}/fbarray_${name}`);
      arrays.set(index, array);
      return array;
    },
    view: pages === 'fixed' ? viewOfRuns(memory) : (addr, len) => toDataView(memory.view(addr, len)),
  };
  const words = [offsets.mlock, offsets.memoryHotplugLock, offsets.mallocHeaps];
  return { space, memory, locks: () => words.map((at) => config.getUint32(at, true)) };
}

function viewOfRuns(memory: SharedMemory): (addr: number, len: number) => DataView {
  const runs: { addr: number; len: number }[] = [];
  for (const { addr, len } of memory.memsegs()) {
    const last = runs.at(-1);
    if (last !== undefined && last.addr + last.len === Number(addr)) last.len += len;
    else runs.push({ addr: Number(addr), len });
  }
  const views = runs.map(({ addr, len }) => ({ addr, len, bytes: memory.view(addr, len) }));
  return (addr, len) => {
    const run = views.find((one) => one.addr <= addr && addr + len <= one.addr + one.len);
    if (run === undefined) return toDataView(memory.view(addr, len)); // throws the right error
    return new DataView(run.bytes.buffer, run.bytes.byteOffset + addr - run.addr, len);
  };
}

function toDataView({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function mapFile(scope: PeerScope, path: string): DataView {
  const file = SharedFile.openWritable(path);
  const length = Math.ceil(file.size / PAGE) * PAGE;
  const mapping = Mapping.reserve(length, PAGE);
  if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`);
  const failed = mapping.place(0, length, file.fd, 0, true);
  if (failed !== 0) throw new Error(`mmap of ${path}: ${failed}`);
  scope.defer(() => {
    mapping.close();
    file.close();
  });
  return new DataView(mapping.view(0, length), 0, file.size);
}
