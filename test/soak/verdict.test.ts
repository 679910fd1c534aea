// The soak must fail on a leak, and only on a leak.
import { expect } from 'chai';
import type { Measures } from './support/measures.js';
import { verdictOn } from './support/verdict.js';

/** Numbers of a run of 30 minutes (docs/RELIABILITY.md). */
const [LOOKS, ATTACHMENTS, MESSAGES] = [160, 12_000, 1_270_000];

const USE = 'all of it';

const STEADY: Measures = {
  descriptors: 89,
  sharedMappings: 1,
  heapBytes: 13e6,
  bufferBytes: 1e6,
  mallocBytes: 13e6,
  residentBytes: 210e6,
  mappings: 600,
};

/** Samples that go up and down by a little, while `key` grows by `total`. */
function growing(key?: keyof Measures, total = 0): Measures[] {
  return Array.from({ length: LOOKS }, (_, i) => {
    const noise = i % 3;
    const sample = {
      ...STEADY,
      descriptors: STEADY.descriptors - noise,
      heapBytes: STEADY.heapBytes + noise * 1e5,
      mallocBytes: STEADY.mallocBytes - noise * 3e4,
      residentBytes: STEADY.residentBytes + noise * 2e5,
      mappings: STEADY.mappings + noise,
    };
    return key === undefined ? sample : { ...sample, [key]: sample[key] + Math.round((total * i) / LOOKS) };
  });
}

describe('the verdict of the soak', () => {
  it('passes steady use', () => {
    expect(verdictOn(USE, growing())).to.match(
      /^all of it; counted 160 times, .* descriptors 88 and 88, shared mappings 1 and 1, heap/,
    );
  });

  const leaks = [
    { of: '1 KiB of objects for each attachment', key: 'heapBytes', total: ATTACHMENTS * 1024, name: 'heap' },
    {
      of: '1 KiB of array buffers for each',
      key: 'bufferBytes',
      total: ATTACHMENTS * 1024,
      name: 'array buffers',
    },
    { of: '1 KiB of malloc for each', key: 'mallocBytes', total: ATTACHMENTS * 1024, name: 'malloc' },
    {
      of: '1 KiB of anything else for each',
      key: 'residentBytes',
      total: ATTACHMENTS * 1024,
      name: 'resident',
    },
    { of: 'one byte for each message', key: 'heapBytes', total: MESSAGES, name: 'heap' },
    {
      of: 'one mapping of a page for every thousandth',
      key: 'sharedMappings',
      total: 12,
      name: 'shared mappings',
    },
    { of: 'one mapping of anything for every two hundredth', key: 'mappings', total: 60, name: 'mappings' },
    { of: 'one descriptor for every five hundredth', key: 'descriptors', total: 24, name: 'descriptors' },
  ] as const;
  for (const { of, key, total, name } of leaks) {
    it(`fails on a leak of ${of}`, () => {
      expect(() => verdictOn(USE, growing(key, total))).to.throw(
        RangeError,
        new RegExp(`^it grows: ${name} `),
      );
    });
  }

  it('names everything that grows', () => {
    const both = growing('heapBytes', 2e6).map((sample, i) => ({ ...sample, descriptors: 89 + i }));
    expect(() => verdictOn(USE, both)).to.throw(/^it grows: descriptors .*, heap [^,]* \(all of it;/);
  });
});
