// A live primary's memory, and the words of its locks.
import { type AttachOptions, attachMemory } from '../../../shm/attach/attach.js';
import type { Memzone } from '../../../shm/attach/memzone.js';
import { ConfigPage, SharedFile } from '../../../shm/attach/shared-file.js';
import type { SharedMemory } from '../../../shm/attach/shared-memory.js';
import { parseMemConfig } from '../../../shm/layout/mem-config.js';
import { RwLock } from '../../../shm/locks/rwlock.js';
import type { PeerScope } from '../../support/dpdk/peers-for.js';

// Attaching to the primary of a test's own prefix.

/** Attaches to the primary of the scope's prefix until the test ends. */
export function attachLive(scope: PeerScope, options: AttachOptions = {}): SharedMemory {
  const memory = attachMemory({ filePrefix: scope.filePrefix, writable: true, ...options });
  scope.defer(() => memory.detach());
  return memory;
}

/** The zone of this name, which must exist. */
export function zoneOf(memory: SharedMemory, name: string): Memzone {
  const zone = memory.lookup(name);
  if (zone === undefined) throw new Error(`There is no memzone ${name}.`);
  return zone;
}

/** How many words differ from the pattern that the C peers fill zones with. */
export function patternErrors(bytes: Uint8Array, seed = 0): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let bad = 0;
  for (let i = 0; i < words.length; i++) if (words[i] !== (seed + Math.imul(i, 2654435761)) >>> 0) bad++;
  return bad;
}

/** Fills with that pattern. */
export function patternFill(bytes: Uint8Array, seed: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = (seed + Math.imul(i, 2654435761)) >>> 0;
}

// The lock words of a living primary's config.

export interface LiveLock {
  readonly lock: RwLock;
  word(): number;
  set(word: number): void;
}

export function liveLock(
  scope: { defer(undo: () => unknown): void },
  runtimePath: string,
  which: 'mlock' | 'memoryHotplugLock',
): LiveLock {
  const config = SharedFile.openWritable(`${runtimePath}/config`);
  const page = ConfigPage.map(config);
  const { layout } = parseMemConfig(config.read(Buffer.alloc(config.size), 0), config.path);
  scope.defer(() => {
    page.close();
    config.close();
  });
  const offset = layout.offsets[which];
  return {
    lock: new RwLock(page.words, offset, layout.rwlock),
    word: () => Atomics.load(page.words, offset / 4),
    set: (word) => Atomics.store(page.words, offset / 4, word),
  };
}
