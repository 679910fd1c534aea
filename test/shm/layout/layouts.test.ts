// config, arrays and zones read from files that the tests write: no DPDK needed.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AttachOptions, attachMemory } from '../../../shm/attach/attach.js';
import type { SharedMemory } from '../../../shm/attach/shared-memory.js';
import { expectError } from '../../support/mp-error.js';
import { buildImage, type Image, type ImageOptions, LIST_BASE, PAGE_SIZE } from '../support/image.js';
import { addPage, type FakeRuntime, makeRuntime, pretendAlive, writeRuntime } from '../support/runtime.js';

const ALPHA = { name: 'ALPHA', addr: LIST_BASE + 3 * PAGE_SIZE + 0x1d8f00, len: 4096 };
const BETA = { name: 'BETA', addr: LIST_BASE + PAGE_SIZE + 0x114340, len: 5_000_000 - (5_000_000 % 64) };
const IMAGE: ImageOptions = { zones: [ALPHA, BETA], pages: [0, 1, 2, 3] };

describe('shm: layouts', () => {
  let runtime: FakeRuntime | undefined;
  let memory: SharedMemory | undefined;

  afterEach(() => {
    memory?.detach();
    runtime?.remove();
    runtime = undefined;
    memory = undefined;
  });

  function use(made: FakeRuntime): FakeRuntime {
    runtime = made;
    return made;
  }

  function attach(made: FakeRuntime, options: AttachOptions = {}): SharedMemory {
    memory = attachMemory({ ...made, stale: true, writable: true, ...options });
    return memory;
  }

  /** Attaches to files after `change` has changed one. */
  function attachChanged(change: (image: Map<string, Buffer>) => void): SharedMemory {
    const image = new Map(buildImage(IMAGE));
    change(image);
    return attach(use(writeRuntime(image)));
  }

  const versions = [
    ['A', 0x13080063, '19.08.0'],
    ['A', 0x140b0063, '20.11.0'],
    ['A', 0x160b0b63, '22.11.11'],
    ['A', 0x17070063, '23.07.0'],
    ['B', 0x170b0001, '23.11.0-rc1'],
    ['B', 0x180b0863, '24.11.8'],
    ['B', 0x1a030063, '26.03.0'],
    ['C', 0x1a070063, '26.07.0'],
    ['C', 0x1a0b0000, '26.11.0-rc0'],
  ] as const;
  for (const cacheLine of [64, 128] as const) {
    for (const [family, versionWord, version] of versions) {
      const check = cacheLine === 64 ? 'M5' : 'M6';
      it(`${check}: reads family ${family} of ${version}, ${cacheLine}-byte lines`, () => {
        const made = use(makeRuntime({ ...IMAGE, family, versionWord, cacheLine }));
        const attached = attach(made);
        expect(attached.version).to.equal(version);
        expect(
          attached.memzones().map(({ name, addr, len }) => ({ name, addr: Number(addr), len })),
        ).to.deep.equal([ALPHA, BETA]);
        expect(attached.memsegs().map(({ addr }) => Number(addr))).to.deep.equal(
          [0, 1, 2, 3].map((page) => LIST_BASE + page * PAGE_SIZE),
        );
      });
    }
  }

  for (const [family, versionWord] of [
    ['A', 0x160b0b63],
    ['B', 0x180b0863],
    ['C', 0x1a0b0063],
  ] as const) {
    it(`M5: recognizes family ${family} without tailqs`, () => {
      const made = use(makeRuntime({ ...IMAGE, family, versionWord, tailqs: false }));
      expect(attach(made).memsegs().length).to.equal(4);
    });
  }

  it('M5: takes a release candidate of 26.07 for the family that its files have', () => {
    for (const family of ['B', 'C'] as const) {
      const made = makeRuntime({ ...IMAGE, family, versionWord: 0x1a070001 });
      expect(attach(made).lookup('BETA')?.len, family).to.equal(BETA.len);
      memory?.detach();
      made.remove();
    }
  });

  it('M5: names page files as the family does', () => {
    const made = use(makeRuntime({ zones: [ALPHA], family: 'C' }));
    writeFileSync(join(made.path, 'fbarray_memseg-2048k-0-0'), segments([3]));
    writeFileSync(addPage(made, '0_3'), Buffer.alloc(PAGE_SIZE, 0xc3));
    expect(attach(made).lookup('ALPHA')?.bytes[0]).to.equal(0xc3);
  });

  const refused: [string, string, number, (config: Buffer) => void][] = [
    ['a release of the future', 'EVERSION', 0, (c) => c.writeUInt32LE(0x1b030063, 4)],
    ['a release before 19.08: the number of channels', 'EVERSION', 0, (c) => c.writeUInt32LE(4, 4)],
    ['a version of another family', 'ELAYOUT', 0, (c) => c.writeUInt32LE(0x180b0063, 4)],
    ['no memzone array', 'ELAYOUT', 0, (c) => c.fill(0, 40, 104)],
    ['mem_cfg_addr 0', 'ELAYOUT', 0, (c) => c.writeBigUInt64LE(0n, 25288)],
    ['mem_cfg_addr not aligned', 'ELAYOUT', 0, (c) => c.writeBigUInt64LE(0x100000010n, 25288)],
    ['legacy_mem 2', 'ELAYOUT', 0, (c) => c.writeUInt32LE(2, 25296)],
    ['a wrong elt_sz of memzones', 'ELAYOUT', 0, (c) => c.writeUInt32LE(80, 40 + 72)],
    ['len 0 of memzones', 'ELAYOUT', 0, (c) => c.writeUInt32LE(0, 40 + 68)],
    ['count above len', 'ELAYOUT', 0, (c) => c.writeUInt32LE(2561, 40 + 64)],
    ['len beyond the file', 'ELAYOUT', 0, (c) => c.writeUInt32LE(2_000_000, 40 + 68)],
    ['a page size of 3', 'ELAYOUT', 0, (c) => c.writeBigUInt64LE(3n, 136 + 8)],
    ['a base off its pages', 'ELAYOUT', 0, (c) => c.writeBigUInt64LE(0x100200040n, 136)],
    ['a list longer than its array', 'ELAYOUT', 0, (c) => c.writeBigUInt64LE(0x400200000n, 136 + 24)],
    ['an array name that leaves the directory', 'ELAYOUT', 0, (c) => c.write('../../etc/passwd', 136 + 40)],
  ];
  for (const [what, code, , change] of refused) {
    it(`M7: refuses ${what}`, () => {
      const error = expectError(code, () =>
        attachChanged((image) => {
          const config = Buffer.from(image.get('config') ?? '');
          change(config);
          image.set('config', config);
        }),
      );
      expect(error.path).to.match(/config$/);
    });
  }

  it("M7: refuses a primary's lock that starts elsewhere", () => {
    const made = use(makeRuntime(IMAGE));
    const release = pretendAlive(made, 'B');
    try {
      expect(expectError('ELAYOUT', () => attach(made)).message).to.contain('lock is 144, expected 136');
    } finally {
      release();
    }
  });

  it('M7: names the field and its value', () => {
    const error = expectError('ELAYOUT', () =>
      attachChanged((image) => image.get('config')?.writeUInt32LE(80, 40 + 72)),
    );
    expect(error.message).to.match(/config: memzones\.elt_sz is 80, expected 72/);
  });

  for (const size of [0, 3, 5, 8, 4096, 25343, 25345]) {
    it(`M7: refuses a config of ${size} bytes`, () => {
      const made = use(makeRuntime(IMAGE));
      truncateSync(join(made.path, 'config'), size);
      // a file without a whole magic looks like that of a start that failed
      expectError(size < 4 ? 'ENOPRIMARY' : 'ELAYOUT', () => attach(made));
    });
  }

  it('M7: refuses a memzone array that is cut short, and one of another layout', () => {
    const made = use(makeRuntime(IMAGE));
    const path = join(made.path, 'fbarray_memzone');
    const whole = readFileSync(path);
    truncateSync(path, 184_320 + 8);
    expectError('ELAYOUT', () => attach(made));
    whole.writeUInt32LE(41, 184_320);
    writeFileSync(path, whole);
    expect(expectError('ELAYOUT', () => attach(made).memzones()).message).to.contain('n_masks is 41');
  });

  it('M7: notices an array that is cut short meanwhile, without reading beyond its end', () => {
    const made = use(makeRuntime(IMAGE));
    const attached = attach(made);
    const zone = attached.lookup('ALPHA');
    truncateSync(join(made.path, 'fbarray_memzone'), 0);
    expectError('ELAYOUT', () => attached.memzones());
    expectError('ELAYOUT', () => zone?.bytes);
  });

  it('M7: maps no page file that is shorter than a page', () => {
    const made = use(makeRuntime(IMAGE));
    truncateSync(join(made.hugeDir, 'fakemap_3'), PAGE_SIZE - 4096);
    expectError('ELAYOUT', () => attach(made).lookup('ALPHA')?.bytes);
  });

  it('M7: single-file: the file must reach to the end of the last page', () => {
    const made = use(makeRuntime({ ...IMAGE, singleFile: true }));
    addPage(made, 0, 3 * PAGE_SIZE);
    const attached = attach(made);
    expectError('ELAYOUT', () => attached.lookup('ALPHA')?.bytes);
    addPage(made, 0, 4 * PAGE_SIZE);
    expect(attached.lookup('ALPHA')?.bytes.length).to.equal(4096);
  });

  it('M17: uses the huge directory of the entry of that page size', () => {
    const made = makeRuntime(IMAGE);
    use(made);
    const image: Image = buildImage({ ...IMAGE, hugeDir: made.hugeDir });
    writeFileSync(join(made.path, 'hugepage_info'), image.get('hugepage_info') ?? '');
    const attached = attachMemory({ runtimeDir: made.runtimeDir, filePrefix: made.filePrefix, stale: true });
    memory = attached;
    expect(attached.lookup('BETA')?.bytes.length).to.equal(BETA.len);
  });

  it('M17: throws ELAYOUT when no entry has pages of that size', () => {
    const made = use(makeRuntime(IMAGE));
    writeFileSync(join(made.path, 'hugepage_info'), Buffer.alloc(12720));
    const attached = attachMemory({ runtimeDir: made.runtimeDir, filePrefix: made.filePrefix, stale: true });
    memory = attached;
    expectError('ELAYOUT', () => attached.lookup('BETA')?.bytes);
  });

  it('M13: file ids of list 2 begin at 16384', () => {
    const made = use(makeRuntime({ ...IMAGE, listIndex: 2 }));
    writeFileSync(join(made.hugeDir, 'fakemap_16387'), Buffer.alloc(PAGE_SIZE, 0x5a));
    expect(attach(made).lookup('ALPHA')?.bytes[0]).to.equal(0x5a);
  });

  it('M31: a zone over 4 GiB is refused as a whole and read in parts', () => {
    const huge = { name: 'HUGE', addr: LIST_BASE, len: 5 * 2 ** 30 };
    const made = use(makeRuntime({ zones: [huge] }));
    writeFileSync(
      join(made.path, 'fbarray_memseg-2048k-0-0'),
      segments(Array.from({ length: 2560 }, (_, i) => i)),
    );
    writeFileSync(addPage(made, 2200), Buffer.alloc(PAGE_SIZE, 0x77));
    const attached = attach(made);
    const zone = attached.lookup('HUGE');
    expectError('ERANGE', () => zone?.bytes);
    expectError('ERANGE', () => attached.view(LIST_BASE, 2 ** 32));
    expect(attached.view(BigInt(LIST_BASE + 2200 * PAGE_SIZE) + 7n, 100)[99]).to.equal(0x77);
  });

  it('M34: names match exactly', () => {
    const long = 'x'.repeat(31);
    const zones = [long, 'RING', 'RING_2'].map((name, i) => ({ name, addr: LIST_BASE + i * 64, len: 64 }));
    const attached = attach(use(makeRuntime({ zones, pages: [0] })));
    expect(attached.lookup(long)?.name).to.equal(long);
    expect(attached.lookup(`${long}x`)).to.equal(undefined);
    expect(attached.lookup('')).to.equal(undefined);
    expect(attached.lookup('RIN')).to.equal(undefined);
    expect(attached.lookup('RING')?.addr).to.equal(BigInt(LIST_BASE + 64));
    expect(attached.lookup('RING\0')).to.equal(undefined);
    expect(attached.lookup('ring')).to.equal(undefined);
  });

  it('refuses addresses without memory, and invalid lengths', () => {
    const attached = attach(use(makeRuntime(IMAGE)));
    expectError('EFAULT', () => attached.view(0x1000, 8));
    expectError('EFAULT', () => attached.view(LIST_BASE + 4 * PAGE_SIZE, 8));
    expectError('EFAULT', () => attached.view(LIST_BASE + 4 * PAGE_SIZE - 4, 8));
    expectError('EFAULT', () => attached.view(-1, 8));
    for (const length of [0, -1, 1.5, Number.NaN])
      expectError('ERANGE', () => attached.view(LIST_BASE, length));
  });

  it('aligns views so that Atomics work on words that are aligned in the primary', () => {
    const attached = attach(use(makeRuntime(IMAGE)));
    const view = attached.view(LIST_BASE + 4, 4);
    Atomics.add(new Uint32Array(view.buffer, view.byteOffset, 1), 0, 7);
    expect(attached.view(LIST_BASE, 8)[4]).to.equal(7);
  });
});

/** A segment array in which these pages are used. */
function segments(pages: readonly number[]): Buffer {
  return buildImage({ pages }).get('fbarray_memseg-2048k-0-0') ?? Buffer.alloc(0);
}
