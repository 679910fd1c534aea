// Damaged files: reading them gives a result or an MpError, nothing else.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { MpError } from '../../../protocol/errors.js';
import { attachMemory } from '../../../shm/attach/attach.js';
import { buildImage, type Image, LIST_BASE, PAGE_SIZE } from '../support/image.js';
import { type FakeRuntime, makeRuntime } from '../support/runtime.js';

const ZONES = [
  { name: 'ONE', addr: LIST_BASE + 0x1000, len: 4096 },
  { name: 'TWO', addr: LIST_BASE + PAGE_SIZE - 4096, len: 8192 },
];
const CODES = [
  'ELAYOUT',
  'EVERSION',
  'ENOPRIMARY',
  'ENOTSUP',
  'EFAULT',
  'ERANGE',
  'ESTALE',
  'ENOENT',
  'EINVAL',
];

/** Where damage matters: the rest of the files is zeros that are never read. */
const SPOTS: Readonly<Record<string, readonly [from: number, to: number][]>> = {
  config: [
    [0, 600],
    [17_540, 17_660],
    [25_280, 25_344],
  ],
  fbarray_memzone: [
    [0, 144],
    [184_320, 184_340],
  ],
  'fbarray_memseg-2048k-0-0': [
    [0, 96],
    [393_216, 393_240],
  ],
  hugepage_info: [[0, 12_720]],
};

describe('shm: damaged files', () => {
  const image: Image = buildImage({ zones: ZONES, pages: [0, 1] });
  let runtime: FakeRuntime;
  let filesBefore: number;

  before(() => {
    filesBefore = readdirSync('/proc/self/fd').length;
    runtime = makeRuntime({ zones: ZONES, pages: [0, 1] });
  });

  after('nothing is left open', () => {
    runtime.remove();
    expect(readdirSync('/proc/self/fd').length).to.be.at.most(filesBefore);
  });

  /** Calls everything that reads shared files, and returns the codes of what it throws, which must be an MpError. */
  function useAll(hugeDir: string | undefined): string[] {
    const codes: string[] = [];
    const attempt = (action: () => unknown) => {
      try {
        action();
      } catch (error) {
        if (!(error instanceof MpError)) throw error;
        expect(CODES).to.include(error.code);
        codes.push(error.code);
      }
    };
    attempt(() => {
      const { runtimeDir, filePrefix } = runtime;
      const memory = attachMemory({
        runtimeDir,
        filePrefix,
        stale: true,
        ...(hugeDir === undefined ? {} : { hugeDir }),
      });
      try {
        attempt(() => memory.memsegs());
        attempt(() => memory.lookup('ONE'));
        attempt(() => memory.view(LIST_BASE, 4096)[4095]);
        attempt(() => {
          for (const zone of memory.memzones()) {
            attempt(() => zone.bytes.subarray(0, 64).indexOf(1));
            attempt(() => zone.bytes.at(-1));
            attempt(() => memory.snapshot(zone, { length: 1 }));
            attempt(() => zone.valid);
          }
        });
      } finally {
        memory.detach();
      }
    });
    return codes;
  }

  function withFile(name: string, bytes: Buffer, action: () => void): void {
    const path = join(runtime.path, name);
    writeFileSync(path, bytes);
    try {
      action();
    } finally {
      writeFileSync(path, image.get(name) ?? '');
    }
  }

  it('gives no error for whole files', () => {
    expect(useAll(runtime.hugeDir)).to.deep.equal([]);
  });

  for (const [name, spots] of Object.entries(SPOTS)) {
    const original = () => image.get(name) ?? Buffer.alloc(0);
    const hugeDir = () => (name === 'hugepage_info' ? undefined : runtime.hugeDir);

    it(`${name}: survives bytes flipped at random`, function () {
      this.timeout(120_000);
      const spot = fc.oneof(...spots.map(([from, to]) => fc.integer({ min: from, max: to - 1 })));
      const flips = fc.array(fc.tuple(spot, fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      });
      fc.assert(
        fc.property(flips, (changes) => {
          const bytes = Buffer.from(original());
          for (const [at, mask] of changes) bytes[at] = (bytes[at] ?? 0) ^ mask;
          withFile(name, bytes, () => useAll(hugeDir()));
        }),
        { numRuns: 400 },
      );
    });

    it(`${name}: survives being cut off anywhere`, function () {
      this.timeout(120_000);
      fc.assert(
        fc.property(fc.nat({ max: original().length - 1 }), (length) => {
          withFile(name, original().subarray(0, length), () => {
            useAll(hugeDir());
          });
        }),
        { numRuns: 150 },
      );
    });

    it(`${name}: refuses zeros and ones`, () => {
      for (const byte of [0x00, 0xff]) {
        withFile(name, Buffer.alloc(original().length, byte), () => {
          const codes = useAll(hugeDir());
          // an empty memzone array has no zones, which is no error
          if (name !== 'fbarray_memzone' || byte !== 0) expect(codes).to.not.deep.equal([]);
        });
      }
    });
  }

  it('config: survives every byte that matters changed once', function () {
    this.timeout(120_000);
    const config = image.get('config') ?? Buffer.alloc(0);
    for (const [from, to] of SPOTS.config ?? []) {
      for (let at = from; at < to; at++) {
        const bytes = Buffer.from(config);
        bytes[at] = (bytes[at] ?? 0) ^ 0xff;
        withFile('config', bytes, () => useAll(runtime.hugeDir));
      }
    }
  });
});
