// checkHeap reports what is wrong with a heap, with the address.
import { expect } from 'chai';
import { Heap } from '../../../shm/heap/heap.js';
import { Memzones } from '../../../shm/heap/memzones.js';
import { checkHeap } from './support/check-heap.js';
import { type HeapImage, heapImage } from './support/heap-image.js';

const HEADER = 128;
// offsets in struct malloc_elem, written down here once more
const [PREV, NEXT, FREE_PREV, STATE, PAD, SIZE] = [8, 16, 32, 48, 52, 56];
const FREE = 0;

interface Damaged {
  readonly image: HeapImage;
  readonly zones: Memzones;
  /** The headers of two zones, and of the free element that they were cut from. */
  readonly upper: DataView;
  readonly lower: DataView;
  readonly free: DataView;
  readonly addrs: { readonly upper: number; readonly lower: number; readonly free: number };
}

function makeHeap(): Damaged {
  const image = heapImage({ startPages: [4, 4, 0] });
  const zones = new Memzones(image.space);
  const upper = zones.read(zones.reserve('UPPER', 1000, { socketId: 0 })).addr - HEADER;
  const lower = zones.read(zones.reserve('LOWER', 5000, { socketId: 0 })).addr - HEADER;
  const free = image.lists[0]!.base;
  const at = (addr: number) => image.space.view(addr, HEADER);
  const addrs = { upper, lower, free };
  return { image, zones, upper: at(upper), lower: at(lower), free: at(free), addrs };
}

const DAMAGES: readonly (readonly [string, (heap: Damaged) => void, RegExp])[] = [
  ['a wrong prev', ({ upper }) => upper.setBigUint64(PREV, 64n, true), /prev is 0x40, not 0x/],
  [
    'a next that goes back',
    ({ upper, addrs }) => upper.setBigUint64(NEXT, BigInt(addrs.lower), true),
    /higher/,
  ],
  ['a next that leads nowhere', ({ lower }) => lower.setBigUint64(NEXT, 0x7000_0000_0000n, true), /SIGSEGV/],
  ['a next that is no header', ({ lower }) => lower.setBigUint64(NEXT, 0x100200001n, true), /multiple of 64/],
  ['a size that is too short', ({ lower }) => lower.setBigUint64(SIZE, 256n, true), /no element covers/],
  ['a size that is too long', ({ lower }) => lower.setBigUint64(SIZE, 8192n, true), /overlaps/],
  ['another heap', ({ lower }) => lower.setBigUint64(0, 64n, true), /heap is 0x40/],
  ['another list', ({ lower }) => lower.setBigUint64(40, 64n, true), /the list of a malloc_elem/],
  ['an unknown state', ({ lower }) => lower.setUint32(STATE, 5, true), /state is 5/],
  ['a free element in no list', ({ lower }) => lower.setUint32(STATE, FREE, true), /in no free list/],
  ['free neighbours', ({ lower }) => lower.setUint32(STATE, FREE, true), /are both free/],
  ['a free element that is in use', ({ free }) => free.setUint32(STATE, 1, true), /and no free element/],
  ['a free element of another size', ({ free }) => free.setBigUint64(SIZE, 320n, true), /is in free list/],
  ['a wrong way back', ({ free }) => free.setBigUint64(FREE_PREV, 64n, true), /but says 0x40/],
  ['a pad without an inner header', ({ lower }) => lower.setUint32(PAD, 64, true), /isn't the inner header/],
  [
    'free memory that is not zero',
    ({ image, addrs }) => image.space.view(addrs.free + 4096, 8).setUint8(0, 1),
    /isn't zero/,
  ],
  ['a wrong alloc_count', (heap) => addToHeap(heap, 128), /alloc_count is 3, busy elements are 2/],
  ['a wrong total_size', (heap) => addToHeap(heap, 136), /total_size is 1048577/],
  ['a wrong last', (heap) => addToHeap(heap, 120), /last is/],
  [
    'a wrong count of zones',
    ({ image: { space, layout } }) => space.config.setUint32(layout.offsets.memzones + 64, 7, true),
    /count is 7, used are 2/,
  ],
  [
    'a zone without a block',
    (heap) => zoneEntry(heap).setBigUint64(40, 0x100200080n, true),
    /isn't a block in use/,
  ],
  [
    'a zone that is too long',
    (heap) => zoneEntry(heap).setBigUint64(48, 2n ** 20n, true),
    /longer than its block/,
  ],
  ['two zones of a name', (heap) => zoneEntry(heap).setUint32(0, 0x45574f4c, true), /exists twice|"LOWE/],
  ['an empty entry in use', (heap) => zoneEntry(heap).setBigUint64(40, 0n, true), /in use and empty/],
  [
    'an unused entry with something in it',
    ({ image }) => image.space.memzones.setUint8(72 * 9, 1),
    /entry 9 is unused/,
  ],
  [
    'a page that is gone',
    ({ image }) => image.space.pages?.release(image.lists[0]!.base, 2 ** 18),
    /there are no such pages|SIGSEGV/,
  ],
];

function addToHeap({ image: { space, layout } }: Damaged, offset: number): void {
  const at = layout.offsets.mallocHeaps + offset;
  space.config.setUint32(at, space.config.getUint32(at, true) + 1, true);
}

/** The entry of UPPER. */
function zoneEntry({ image }: Damaged): DataView {
  const { buffer, byteOffset } = image.space.memzones;
  return new DataView(buffer, byteOffset, 72);
}

describe('shm heap: the check', () => {
  it('finds nothing in a whole heap', () => {
    const heap = makeHeap();
    expect(checkHeap(heap.image.space)).to.deep.equal([]);
    heap.zones.free('UPPER');
    expect(checkHeap(heap.image.space)).to.deep.equal([]);
  });

  it('finds nothing in padded blocks', () => {
    const { space } = heapImage();
    const heap = new Heap(space);
    for (let i = 0; i < 50; i++) heap.allocate(64 + i * 64, { align: 4096 });
    expect(checkHeap(space)).to.deep.equal([]);
  });

  for (const [what, damage, expected] of DAMAGES) {
    it(`finds ${what}`, () => {
      const heap = makeHeap();
      damage(heap);
      const findings = checkHeap(heap.image.space);
      expect(findings.map((finding) => finding.what).join('\n')).to.match(expected);
      for (const { addr } of findings) expect(addr).to.be.at.least(0x100000000);
    });
  }
});
