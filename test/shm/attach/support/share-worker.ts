// A worker that maps the memzone of the handle that it gets, adds to the counter in it, and reports.
import { parentPort } from 'node:worker_threads';
import { attachShared, type MemzoneHandle } from '../../../../shm/attach/share.js';

const ROUNDS = 100_000;

parentPort?.once('message', (handle: MemzoneHandle) => {
  const zone = attachShared(handle);
  const words = new BigUint64Array(zone.buffer, zone.byteOffset, 8);
  for (let i = 0; i < ROUNDS; i++) Atomics.add(words, 2, 1n);
  zone.detach();
  parentPort?.postMessage({ rounds: ROUNDS, len: zone.len, name: zone.name });
});
