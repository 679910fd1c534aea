// Which free list an element is in, physical addresses, and pages that come and go.
import { expect } from 'chai';
import { Heap } from '../../../shm/heap/heap.js';
import { freeListIndex } from '../../../shm/heap/heap-record.js';
import { Memzones } from '../../../shm/heap/memzones.js';
import { MemzoneFlag } from '../../../shm/heap/page-flags.js';
import { expectError } from '../../support/mp-error.js';
import { checkHeap } from './support/check-heap.js';
import { heapImage, IMAGE_LISTS, layoutOf } from './support/heap-image.js';

const MB = 2 ** 20;
const SMALL_PAGE = MB / 4;

describe('shm heap: free lists', () => {
  // results of malloc_elem_free_list_index in each release
  const expected: readonly [number, number, number][] = [
    [0, 0, 0],
    [64, 0, 0],
    [255, 0, 0],
    [256, 0, 1],
    [257, 1, 1],
    [1023, 1, 1],
    [1024, 1, 2],
    [1025, 2, 2],
    [3228224, 7, 7],
    [2 ** 24, 8, 9],
    [2 ** 30, 11, 12],
    [2 ** 40, 12, 12],
    [2 ** 47, 12, 12],
  ];
  for (const [size, in2211, in2411] of expected) {
    it(`has ${size} bytes in list ${in2211} up to 23.03, in ${in2411} since`, () => {
      expect(freeListIndex(size, layoutOf(0x160b0b63))).to.equal(in2211);
      expect(freeListIndex(size, layoutOf(0x17030063))).to.equal(in2211);
      expect(freeListIndex(size, layoutOf(0x17070063))).to.equal(in2411);
      expect(freeListIndex(size, layoutOf(0x190b0463))).to.equal(in2411);
    });
  }
});

describe('shm heap: physical addresses', () => {
  /** The physical addresses of each run of three pages begin elsewhere. */
  const iovaOf = (addr: number) => BigInt(addr) + BigInt(Math.floor(addr / SMALL_PAGE / 3)) * 0x1000_0000n;
  const options = { startPages: [10, 0, 0], grows: false, iovaOf };

  it("are those of the zone's pages", () => {
    const { space } = heapImage(options);
    const zones = new Memzones(space);
    const { addr, iova } = zones.read(zones.reserve('ZONE', 5000));
    const page = addr - (addr % SMALL_PAGE);
    expect(iova).to.equal(iovaOf(page) + BigInt(addr - page));
  });

  it('follow each other with IOVA_CONTIG, and need not without', () => {
    const { space } = heapImage(options);
    const zones = new Memzones(space);
    const len = 2.5 * SMALL_PAGE;
    const { addr } = zones.read(zones.reserve('ZONE', len, { flags: MemzoneFlag.IOVA_CONTIG }));
    const first = addr - (addr % SMALL_PAGE);
    for (let page = first; page < addr + len; page += SMALL_PAGE) {
      expect(iovaOf(page) - iovaOf(first)).to.equal(BigInt(page - first));
    }
    expectError('ENOMEM', () => zones.reserve('FOUR', 4 * SMALL_PAGE, { flags: MemzoneFlag.IOVA_CONTIG }));
    expect(zones.reserve('FOUR', 4 * SMALL_PAGE)).to.equal(1);
    expect(checkHeap(space)).to.deep.equal([]);
  });

  it('limit the largest zone with IOVA_CONTIG', () => {
    const { space } = heapImage(options);
    const zones = new Memzones(space);
    const { len } = zones.read(zones.reserve('ZONE', 0, { flags: MemzoneFlag.IOVA_CONTIG }));
    expect(len).to.be.within(2 * SMALL_PAGE, 3 * SMALL_PAGE);
    expect(checkHeap(space)).to.deep.equal([]);
  });

  it('always follow each other with --legacy-mem', () => {
    const { space } = heapImage({ ...options, legacy: true });
    const zones = new Memzones(space);
    expect(zones.reserve('FOUR', 4 * SMALL_PAGE, { flags: MemzoneFlag.IOVA_CONTIG })).to.equal(0);
  });

  it('are RTE_BAD_IOVA when a page has none', () => {
    const { space } = heapImage({ ...options, iovaOf: () => 2n ** 64n - 1n });
    const zones = new Memzones(space);
    expect(zones.read(zones.reserve('ZONE', 100)).iova).to.equal(2n ** 64n - 1n);
    expectError('ENOMEM', () => zones.reserve('TWO', SMALL_PAGE + 64, { flags: MemzoneFlag.IOVA_CONTIG }));
    expect(zones.reserve('ONE', 100, { flags: MemzoneFlag.IOVA_CONTIG })).to.equal(1);
  });
});

describe('shm heap: pages', () => {
  it('come when they are needed, and go when they are free', () => {
    const image = heapImage();
    const heap = new Heap(image.space);
    const before = heap.stats();
    const addr = heap.allocate(4 * MB, { socketId: 0 }) ?? 0;
    expect(image.pagesOf(0)).to.be.greaterThan(8);
    heap.release(addr);
    expect(image.pagesOf(0)).to.equal(8);
    expect(heap.stats()).to.deep.equal(before);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });

  it('have the requested size, or any size with SIZE_HINT_ONLY', () => {
    const image = heapImage();
    const zones = new Memzones(image.space);
    const { PAGES_2MB, PAGES_1GB, SIZE_HINT_ONLY } = MemzoneFlag;
    expect(zones.read(zones.reserve('TWO', 100, { flags: PAGES_2MB })).hugepageSize).to.equal(2 * MB);
    expectError('ENOMEM', () => zones.reserve('GIG', 100, { flags: PAGES_1GB }));
    const flags = PAGES_1GB | SIZE_HINT_ONLY;
    expect(zones.read(zones.reserve('HINT', 100, { flags })).hugepageSize).to.be.oneOf([SMALL_PAGE, 2 * MB]);
    // pages of the requested size come before pages that are there
    const { addr } = zones.read(zones.reserve('NEW', 3 * MB, { flags: PAGES_2MB | SIZE_HINT_ONLY }));
    expect(addr).to.be.at.least(IMAGE_LISTS[2]?.base ?? 0);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });

  it('run out with ENOMEM, which says what to do', () => {
    const { space } = heapImage();
    const error = expectError('ENOMEM', () => new Memzones(space).reserve('HUGE', 100 * MB));
    expect(error.message).to.match(/104857600 bytes.*"HUGE".*free zones, add hugepages/);
  });

  it('are not the only limit: a full table of zones is ENOSPC', () => {
    const { space } = heapImage();
    const zones = new Memzones(space);
    for (let i = 0; i < 100; i++) zones.reserve(`ZONE_${i}`, 64);
    expectError('ENOSPC', () => zones.reserve('ONE_MORE', 64));
    zones.free('ZONE_50');
    expect(zones.reserve('ONE_MORE', 64)).to.equal(50);
    expect(checkHeap(space)).to.deep.equal([]);
  });
});

describe('shm heap: bad input', () => {
  const zone = { align: 64, bound: 0, flags: 0, socketId: -1 };
  const bad: readonly [string, string, string, number, Partial<typeof zone>][] = [
    ['an empty name', 'EINVAL', '', 64, {}],
    ['a NUL in the name', 'EINVAL', 'A\0B', 64, {}],
    ['32 bytes of name', 'ENAMETOOLONG', 'é'.repeat(16), 64, {}],
    ['a negative length', 'EINVAL', 'ZONE', -1, {}],
    ['half a byte', 'EINVAL', 'ZONE', 0.5, {}],
    ['NaN', 'EINVAL', 'ZONE', Number.NaN, {}],
    ['an odd alignment', 'EINVAL', 'ZONE', 64, { align: 48 }],
    ['a bound below the length', 'EINVAL', 'ZONE', 128, { bound: 64 }],
    ['an odd bound', 'EINVAL', 'ZONE', 64, { bound: 100 }],
    ['an unknown flag', 'EINVAL', 'ZONE', 64, { flags: 8 }],
    ['a negative flag', 'EINVAL', 'ZONE', 64, { flags: -1 }],
    ['node -2', 'EINVAL', 'ZONE', 64, { socketId: -2 }],
    ['a node without a heap', 'ENOMEM', 'ZONE', 64, { socketId: 7 }],
  ];
  for (const [what, code, name, len, options] of bad) {
    it(`refuses ${what}: ${code}`, () => {
      const { space } = heapImage();
      expectError(code, () => new Memzones(space).reserve(name, len, options));
      expect(checkHeap(space)).to.deep.equal([]);
    });
  }

  it('refuses blocks without bytes, and addresses that are no block', () => {
    const { space } = heapImage();
    const heap = new Heap(space);
    for (const [size, align] of [
      [0, 64],
      [-1, 64],
      [1.5, 64],
      [64, 3],
    ] as const) {
      expectError('EINVAL', () => heap.allocate(size, { align }));
    }
    const addr = heap.allocate(1000) ?? 0;
    expectError('EINVAL', () => heap.release(addr + 64));
    expectError('ELAYOUT', () => heap.release(addr + 1));
    expectError('EFAULT', () => heap.release(0x4000_0000));
    heap.release(addr);
    expect(checkHeap(space)).to.deep.equal([]);
  });

  it('frees a zone only at its address', () => {
    const { space } = heapImage();
    const zones = new Memzones(space);
    const { addr } = zones.read(zones.reserve('ZONE', 100));
    expectError('ENOENT', () => zones.free({ name: 'ZONE', addr: addr + 64 }));
    expectError('ENOENT', () => zones.free('ZON'));
    zones.free({ name: 'ZONE', addr });
    expectError('ENOENT', () => zones.free({ name: 'ZONE', addr }));
  });
});
