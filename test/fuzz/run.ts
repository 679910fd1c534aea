// npm run fuzz -- [--datagrams 10000000] [--seed 1]: that many datagrams at channels of each dialect, role and namespace,
// and as many through the decoder. A failure names the seed that repeats it.
import { holdings, longRun, numbersFrom } from '../support/long-run.js';
import { fuzzAnswers } from './support/answers.js';
import { fuzzDecoding } from './support/decoding.js';
import { emptyTally, type Tally } from './support/expectation.js';
import { fuzzReceiving, TARGETS } from './support/receiving.js';

const IDS = ['332/8', '332/253', '340/253'] as const;
/** How many datagrams are decoded without a pause. */
const ROUND = 100_000;
/** What a process may grow by without a leak, since heaps grow and shrink. */
const GROWTH_BYTES = 64 * 2 ** 20;

const { datagrams, seed } = numbersFrom({ datagrams: 10_000_000, seed: 1 });

await longRun('fuzz', async (progress) => {
  const total = emptyTally();
  const counts = { received: 0, answers: 0, decoded: 0 };
  const part = Math.ceil(datagrams / TARGETS.length);
  const round = Math.min(part, ROUND);
  await runRound(0, Math.min(round, 2000)); // allocates what is allocated once
  const before = await holdings();
  for (let done = 0, i = 1; done < part; done += round, i++) await runRound(i, Math.min(round, part - done));
  const after = await holdings();
  if (after.descriptors !== before.descriptors) {
    throw new RangeError(`descriptors: ${before.descriptors} before, ${after.descriptors} after`);
  }
  const growth = after.residentBytes - before.residentBytes;
  if (growth > GROWTH_BYTES) throw new RangeError(`memory has grown by ${growth} bytes`);
  const { served, malformed, truncated } = total;
  console.log(JSON.stringify(total));
  return (
    `${counts.received} datagrams at channels (${served} served, ${malformed + truncated} malformed), ` +
    `${counts.answers} answers, ${counts.decoded} decoded, seed ${seed}, ` +
    `descriptors ${before.descriptors} and ${after.descriptors}, memory ${(growth / 2 ** 20).toFixed(1)} MiB more`
  );

  async function runRound(number: number, size: number): Promise<void> {
    for (const [i, target] of TARGETS.entries()) {
      const ownSeed = seed * 1_000_003 + number * TARGETS.length + i;
      const say = (done: number) =>
        progress.update(() => `fuzz: ${counts.received + done} of ${part * TARGETS.length} datagrams`);
      add(total, await fuzzReceiving(target, size, ownSeed, say));
      counts.received += size;
    }
    for (const [i, id] of IDS.entries()) {
      const ownSeed = seed * 1_000_033 + number * IDS.length + i;
      counts.answers += await fuzzAnswers(id, Math.ceil(size / 100), ownSeed);
      fuzzDecoding(id, size * 3, ownSeed);
      counts.decoded += size * 3;
    }
  }
});

function add(total: Tally, part: Tally): void {
  for (const key of Object.keys(part) as (keyof Tally)[]) total[key] += part[key];
}
