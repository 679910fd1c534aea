// A writer of DPDK's rwlock up to 22.07, in another thread: adds 1 to two counters in each section.
import { parentPort, workerData } from 'node:worker_threads';

const { words, rounds } = workerData as { words: Int32Array; rounds: number };

for (let i = 0; i < rounds; i++) {
  while (Atomics.compareExchange(words, 0, 0, -1) !== 0);
  words[1] = (words[1] ?? 0) + 1;
  words[2] = (words[2] ?? 0) + 1;
  Atomics.store(words, 0, 0);
}
parentPort?.postMessage('done');
