// How a primary serves a secondary's requests for pages, and those to take pages back.
import { expect } from 'chai';
import {
  encodeMallocRequest,
  type MallocAllocRequest,
  type MallocRequest,
  MallocResult,
  MallocType,
} from '../../../protocol/eal/malloc.js';
import { Heap } from '../../../shm/heap/heap.js';
import { serveMallocRequest } from '../../../shm/heap/serve-malloc.js';
import { expectError } from '../../support/mp-error.js';
import { checkHeap } from './support/check-heap.js';
import { type HeapImage, heapImage, IMAGE_LISTS, type ImageOptions } from './support/heap-image.js';

const MB = 2 ** 20;
const SMALL_PAGE = MB / 4;
const WRITER = 2; // rte_rwlock.h since 22.11

const ALLOC: MallocAllocRequest = {
  type: MallocType.ALLOC,
  id: 9n,
  heapIndex: 0,
  pageSize: BigInt(SMALL_PAGE),
  eltSize: BigInt(3 * MB),
  socketId: 0,
  flags: 0,
  align: 64n,
  bound: 0n,
  contiguous: false,
};

/** Serves a request with the locks held as by the secondary that waits. */
function serve(image: HeapImage, request: MallocRequest): number | undefined {
  const { config, layout } = image.space;
  config.setInt32(layout.offsets.memoryHotplugLock, WRITER, true);
  config.setInt32(layout.offsets.mallocHeaps, 1, true);
  try {
    const response = serveMallocRequest(image.space, encodeMallocRequest(request));
    expect(new DataView(response.buffer).getBigUint64(64, true)).to.equal(request.id);
    expect(response[0]).to.equal(request.type);
    return response[72];
  } finally {
    expect(config.getInt32(layout.offsets.memoryHotplugLock, true)).to.equal(WRITER);
    expect(config.getInt32(layout.offsets.mallocHeaps, true)).to.equal(1);
    config.setInt32(layout.offsets.memoryHotplugLock, 0, true);
    config.setInt32(layout.offsets.mallocHeaps, 0, true);
    expect(checkHeap(image.space)).to.deep.equal([]);
  }
}

function setHotplugLock({ space: { config, layout } }: HeapImage, word: number): true {
  config.setInt32(layout.offsets.memoryHotplugLock, word, true);
  return true;
}

function fresh(options: ImageOptions = {}): HeapImage {
  return heapImage(options);
}

describe('shm heap: requests of secondaries', () => {
  it('makes pages that the block fits into, has all secondaries map them, then gives them to the heap', () => {
    let freeAtSync = 0;
    const image = fresh({
      sync: () => {
        freeAtSync = image.freeBytes();
        return true;
      },
    });
    const before = image.freeBytes();
    expect(serve(image, ALLOC)).to.equal(MallocResult.SUCCESS);
    expect(freeAtSync).to.equal(before);
    // 3 MiB and a header: one page more
    expect(image.freeBytes() - before).to.equal(3 * MB + SMALL_PAGE);
    expect(image.synced).to.deep.equal(['mp_malloc_sync']);
    expect(new Heap(image.space).allocate(3 * MB, { socketId: 0 })).to.be.a('number');
    expect(image.synced.length).to.equal(1);
  });

  it('gives nothing to the heap when a secondary does not follow', () => {
    const image = fresh({ sync: () => false });
    const [before, pages] = [image.freeBytes(), image.pagesOf(0)];
    expect(serve(image, ALLOC)).to.equal(MallocResult.FAIL);
    expect([image.freeBytes(), image.pagesOf(0)]).to.deep.equal([before, pages]);
    expect(image.synced).to.deep.equal(['mp_malloc_sync', 'mp_malloc_rollback']);
  });

  it('removes new pages again when the block does not fit', () => {
    const image = fresh();
    const pages = image.pagesOf(0);
    // a block can't be larger than its bound
    expect(serve(image, { ...ALLOC, bound: 4096n })).to.equal(MallocResult.FAIL);
    expect(image.pagesOf(0)).to.equal(pages);
    expect(image.synced).to.deep.equal(['mp_malloc_sync', 'mp_malloc_sync']);
  });

  const impossible: readonly [string, Partial<MallocAllocRequest>][] = [
    ['no such heap', { heapIndex: 5 }],
    ['no heap at all', { heapIndex: 99 }],
    ['pages of size 0', { pageSize: 0n }],
    ['pages of an odd size', { pageSize: 12345n }],
    ['pages that there are none of', { pageSize: 0x40000000n }],
    ['no bytes', { eltSize: 0n }],
    ['more than fits into any memory', { eltSize: 2n ** 63n }],
    ['an odd alignment', { align: 3n }],
    ['an odd bound', { bound: 3n }],
    ['a node of external memory', { socketId: 256 }],
  ];
  for (const [what, fields] of impossible) {
    it(`refuses ${what}, at once and without a trace`, () => {
      const image = fresh();
      expect(serve(image, { ...ALLOC, ...fields })).to.equal(MallocResult.FAIL);
      expect(image.synced).to.deep.equal([]);
    });
  }

  it('refuses a secondary that has given up waiting, before or meanwhile', () => {
    const late = fresh();
    expect(serveMallocRequest(late.space, encodeMallocRequest(ALLOC))[72]).to.equal(MallocResult.FAIL);
    expect(late.synced).to.deep.equal([]);

    const image = fresh({ sync: () => setHotplugLock(image, 0) });
    const before = image.freeBytes();
    setHotplugLock(image, WRITER);
    expect(serveMallocRequest(image.space, encodeMallocRequest(ALLOC))[72]).to.equal(MallocResult.FAIL);
    expect(image.freeBytes()).to.equal(before);
    expect(image.synced).to.deep.equal(['mp_malloc_sync', 'mp_malloc_rollback']);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });

  it('removes the pages that a secondary gives back although it has given up waiting: no heap has them', () => {
    const image = fresh();
    const pages = image.space.pages?.allocate(0, SMALL_PAGE, 1);
    const request = {
      type: MallocType.FREE,
      id: 5n,
      addr: BigInt(pages?.addr ?? 0),
      len: BigInt(SMALL_PAGE),
    };
    const before = image.pagesOf(0);
    expect(serveMallocRequest(image.space, encodeMallocRequest(request))[72]).to.equal(MallocResult.SUCCESS);
    expect(image.pagesOf(0)).to.equal(before - 1);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });

  it('removes the pages that a secondary has taken out of the heap', () => {
    const image = fresh();
    const pages = image.space.pages?.allocate(0, SMALL_PAGE, 3);
    const request = {
      type: MallocType.FREE,
      id: 5n,
      addr: BigInt(pages?.addr ?? 0),
      len: BigInt(3 * SMALL_PAGE),
    };
    const before = image.pagesOf(0);
    expect(serve(image, request)).to.equal(MallocResult.SUCCESS);
    expect(image.pagesOf(0)).to.equal(before - 3);
    expect(image.synced).to.deep.equal(['mp_malloc_sync']);
  });

  it('refuses to remove anything but a run of whole pages of one list', () => {
    const image = fresh();
    const { base = 0, len = 0 } = IMAGE_LISTS[0] ?? {};
    const end = base + len * SMALL_PAGE;
    for (const [addr, bytes] of [
      [0x1000, SMALL_PAGE],
      [base + 64, SMALL_PAGE],
      [base, 100],
      [base, 0],
      [end - SMALL_PAGE, 2 * SMALL_PAGE],
      [end - SMALL_PAGE, SMALL_PAGE], // the page isn't there
      [base, SMALL_PAGE], // a page of the start, which stays
    ] as const) {
      const request = { type: MallocType.FREE, id: 5n, addr: BigInt(addr), len: BigInt(bytes) };
      expect(serve(image, request)).to.equal(MallocResult.FAIL);
    }
    expect(image.synced).to.deep.equal([]);
  });

  it('refuses everything when no pages can be made', () => {
    const image = fresh({ grows: false });
    expect(serve(image, ALLOC)).to.equal(MallocResult.FAIL);
    expect(
      serve(image, { type: MallocType.FREE, id: 5n, addr: 0x100200000n, len: BigInt(SMALL_PAGE) }),
    ).to.equal(MallocResult.FAIL);
  });

  it('throws EBADMSG for a param that is no request', () => {
    expectError('EBADMSG', () => serveMallocRequest(fresh().space, new Uint8Array(10)));
  });
});
