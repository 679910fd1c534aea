// Whether the measures of a soak have grown.
import type { Measures } from './measures.js';

const MIB = 2 ** 20;

interface Limit {
  readonly name: string;
  readonly key: keyof Measures;
  /** How much the median of the last third may exceed that of the first. */
  readonly most: number;
}

/**
 * Memory in use must not grow. Resident and mapped memory includes what V8 and the allocator keep for later, which goes up and
 * down by a few pages. A channel keeps sockets for its next requests, a new channel fewer.
 */
const LIMITS: readonly Limit[] = [
  { name: 'descriptors', key: 'descriptors', most: 8 },
  { name: 'shared mappings', key: 'sharedMappings', most: 0 },
  { name: 'heap', key: 'heapBytes', most: 0.5 * MIB },
  { name: 'array buffers', key: 'bufferBytes', most: 0.5 * MIB },
  { name: 'malloc', key: 'mallocBytes', most: 0.5 * MIB },
  { name: 'resident', key: 'residentBytes', most: 4 * MIB },
  { name: 'mappings', key: 'mappings', most: 16 },
];

/** Describes the samples after `use`. Throws `RangeError` when something grows. */
export function verdictOn(use: string, samples: readonly Measures[]): string {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const found = LIMITS.map(({ name, key, most }) => {
    const early = median(samples.slice(0, third), key);
    const late = median(samples.slice(-third), key);
    return { text: `${name} ${describe(key, early)} and ${describe(key, late)}`, grows: late - early > most };
  });
  const all = `${use}; counted ${samples.length} times, medians of the first third and the last: ${found.map(({ text }) => text).join(', ')}`;
  const growing = found.filter(({ grows }) => grows).map(({ text }) => text);
  if (growing.length > 0) throw new RangeError(`it grows: ${growing.join(', ')} (${all})`);
  return all;
}

function median(samples: readonly Measures[], key: keyof Measures): number {
  const sorted = samples.map((sample) => sample[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function describe(key: keyof Measures, value: number): string {
  return key.endsWith('Bytes') ? `${(value / MIB).toFixed(2)} MiB` : `${value}`;
}
