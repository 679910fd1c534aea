// Attaching to the primary of a test's own prefix.
import { type AttachOptions, attachMemory } from '../../../shm/attach/attach.js';
import type { Memzone } from '../../../shm/attach/memzone.js';
import type { SharedMemory } from '../../../shm/attach/shared-memory.js';
import type { PeerScope } from '../../support/dpdk/peers-for.js';

/** Attached until the test ends. */
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

/** The word i of the pattern that the C peers fill zones with. */
export function patternErrors(bytes: Uint8Array, seed = 0): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let bad = 0;
  for (let i = 0; i < words.length; i++) if (words[i] !== (seed + Math.imul(i, 2654435761)) >>> 0) bad++;
  return bad;
}

/** Writes that pattern. */
export function patternFill(bytes: Uint8Array, seed: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = (seed + Math.imul(i, 2654435761)) >>> 0;
}
