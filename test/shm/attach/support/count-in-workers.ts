// Worker threads that share a memzone.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { Memzone } from '../../../../shm/attach/memzone.js';

const WORKER = fileURLToPath(new URL('./share-worker.ts', import.meta.url));
const WORKERS = 2;

/** Has worker threads add to a counter, word 2 of the zone; returns what it must have by then. */
export async function countInWorkers(zone: Memzone): Promise<number> {
  const workers = Array.from({ length: WORKERS }, () => new Worker(WORKER));
  const reports = await Promise.all(
    workers.map(async (worker) => {
      worker.postMessage(zone.share());
      const [report] = (await once(worker, 'message')) as [{ rounds: number; len: number; name: string }];
      await worker.terminate();
      return report;
    }),
  );
  for (const { len, name } of reports) expect([len, name]).to.deep.equal([zone.len, zone.name]);
  return reports.reduce((sum, { rounds }) => sum + rounds, 0);
}
