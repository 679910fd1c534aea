// npm run soak -- [--minutes 30] [--pause 20] [--leak 0]: channels of both roles, the memory of Node primaries, and that of a C
// primary where there is DPDK, in steady use; descriptors, memory and mappings are looked at all the time and must not grow. --pause: ms between two
// rounds; --leak: bytes to keep for each attachment, to see that it fails.
import { setTimeout as sleep } from 'node:timers/promises';
import { freeHugepages } from '../support/dpdk/hugepages.js';
import { findDpdk } from '../support/dpdk/install.js';
import { longRun, numbersFrom } from '../support/long-run.js';
import { CMemory } from './support/c-memory.js';
import { type Measures, measure } from './support/measures.js';
import { OwnMemory } from './support/own-memory.js';
import { Traffic } from './support/traffic.js';
import { verdictOn } from './support/verdict.js';

const { minutes, pause, leak } = numbersFrom({ minutes: 30, pause: 20, leak: 0 });
const SAMPLE_MS = 10_000;
/** Time for what is allocated once, and for V8 to compile hot functions: at most a third of the run. */
const WARM_UP_MS = 180_000;

await longRun('soak', async (progress) => {
  await using traffic = await Traffic.open();
  await using own = await OwnMemory.open();
  const hasC = !('missing' in findDpdk()) && freeHugepages() >= 8;
  await using memory = hasC ? await CMemory.open(leak) : undefined;
  if (!hasC) console.log('without C: no DPDK, or fewer than 8 free hugepages');
  const samples: Measures[] = [];
  const total = minutes * 60_000;
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  let next = Math.min(WARM_UP_MS, total / 3);
  for (let round = 0; elapsed() < total || samples.length < 2; round++) {
    await traffic.round(round);
    await own.round(round);
    await memory?.round(round);
    await sleep(pause);
    if (elapsed() >= next) {
      next = elapsed() + Math.min(SAMPLE_MS, total / 20);
      await traffic.quiet();
      samples.push(await measure());
    }
    progress.update(
      () => `${(elapsed() / 60_000).toFixed(1)} of ${minutes} min, ${traffic.messages} messages`,
    );
  }
  const use = `${traffic.messages} messages, ${own.reservations} zones reserved, ${memory?.attachments ?? 0} attachments to C's memory`;
  return verdictOn(use, samples);
});
