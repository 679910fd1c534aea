// Locks that a dead process may have left.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { LAYOUTS, type MemConfigLayout } from '../../../shm/layout/releases.js';
import { OrphanedLocks } from '../../../shm/locks/orphaned-locks.js';

const WRITER = 2;
/** offsetof(struct rte_fbarray, count) */
const COUNT = 64;
/** offsetof(struct malloc_heap, alloc_count) */
const ALLOC_COUNT = 128;
const V24_11 = 0x180b0063;

function layoutOf(versionWord: number): MemConfigLayout {
  const found = LAYOUTS.findLast(({ firstWord }) => firstWord <= versionWord);
  if (found === undefined) throw new RangeError('no layout');
  return found;
}

describe('shm: locks of processes that may be dead', () => {
  /** Holds the locks nearly all the time, and changes what they guard, as many processes together do. */
  const CROWD = `
    const { words, locks, guarded } = require('node:worker_threads').workerData;
    for (;;) {
      for (const [index, word] of locks) Atomics.store(words, index, word);
      for (const index of guarded) Atomics.add(words, index, 1);
      for (let i = 0; i < 5000; i++) Atomics.load(words, 0);
      for (const [index] of locks) Atomics.store(words, index, 0);
    }`;

  it('are not released while living processes take them in turn', async () => {
    const layout = layoutOf(V24_11);
    const words = new Int32Array(new SharedArrayBuffer(layout.size));
    const { memzones, mlock, mallocHeaps } = layout.offsets;
    const locks = [
      [mlock / 4, WRITER],
      [mallocHeaps / 4, 1],
    ];
    const guarded = [(memzones + COUNT) / 4, (mallocHeaps + ALLOC_COUNT) / 4];
    const crowd = new Worker(CROWD, { eval: true, workerData: { words, locks, guarded } });
    try {
      await once(crowd, 'online');
      const orphaned = new OrphanedLocks({ layout, config: new DataView(words.buffer), heap: 0 });
      const released: string[] = [];
      const end = performance.now() + 1500; // it takes 1000 to call one orphaned
      for (let names: readonly string[] | undefined = []; names !== undefined; await delay(20)) {
        names = orphaned.look(performance.now(), false);
        released.push(...(names ?? []));
        if (performance.now() > end) break;
      }
      expect(released).to.deep.equal([]);
    } finally {
      await crowd.terminate();
    }
  });
});
