// npm run soak -- [--minutes 30]: channels of both roles, and the memory of a C primary where there is DPDK, in steady use;
// descriptors, memory and mappings are looked at all the time and must not grow.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDpdk } from '../support/dpdk.js';
import { freeHugepages } from '../support/hugepages.js';
import { holdings, longRun, numbersFrom } from '../support/long-run.js';
import { CMemory } from './support/c-memory.js';
import { Traffic } from './support/traffic.js';

const { minutes } = numbersFrom({ minutes: 30 });
/** Between two rounds: a soak is not a benchmark. */
const PAUSE_MS = 20;
const SAMPLE_MS = 10_000;
/** The first tenth is for whatever is allocated once. */
const WARM_UP = 0.1;
/** Channels keep up to eight sockets for their next requests, those that are new fewer. */
const SPREAD = 16;
const GROWTH_BYTES = 24 * 2 ** 20;

interface Sample {
  readonly descriptors: number;
  readonly residentBytes: number;
  readonly mappings: number;
}

await longRun('soak', async (progress) => {
  await using traffic = await Traffic.open();
  const hasC = !('missing' in findDpdk()) && freeHugepages() >= 8;
  await using memory = hasC ? await CMemory.open() : undefined;
  if (!hasC) console.log('without C: no DPDK, or fewer than 8 free hugepages');
  const samples: Sample[] = [];
  const total = minutes * 60_000;
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  let next = total * WARM_UP;
  for (let round = 0; elapsed() < total || samples.length < 2; round++) {
    await traffic.round(round);
    await memory?.round(round);
    await sleep(PAUSE_MS);
    if (elapsed() >= next) {
      next = elapsed() + Math.min(SAMPLE_MS, total / 20);
      await traffic.quiet();
      samples.push({ ...(await holdings()), mappings: mappings() });
    }
    progress.update(
      () => `${(elapsed() / 60_000).toFixed(1)} of ${minutes} min, ${traffic.messages} messages`,
    );
  }
  return `${traffic.messages} messages, ${memory?.looks ?? 0} looks at C's memory, ${check(samples)}`;
});

function check(samples: readonly Sample[]): string {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const early = samples.slice(0, third);
  const late = samples.slice(-third);
  const [most, mostLate] = [early, late].map((part) => Math.max(...part.map((sample) => sample.descriptors)));
  const growth = median(late, 'residentBytes') - median(early, 'residentBytes');
  const mapped = median(late, 'mappings') - median(early, 'mappings');
  const found = `at ${samples.length} looks up to ${most} descriptors early and ${mostLate} late, memory ${mib(median(early, 'residentBytes'))} MiB early and ${mib(median(late, 'residentBytes'))} late, mappings ${median(early, 'mappings')} and ${median(late, 'mappings')}`;
  const isMore = (mostLate ?? 0) > (most ?? 0) + SPREAD;
  if (isMore || growth > GROWTH_BYTES || mapped > 50) throw new RangeError(`it grows: ${found}`);
  return found;
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  const sorted = samples.map((sample) => sample[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function mappings(): number {
  return readFileSync('/proc/self/maps', 'utf8').split('\n').length;
}
