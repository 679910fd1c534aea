// Growth of a heap that is interrupted: no page is lost, and the heap stays whole.
import { expect } from 'chai';
import {
  encodeMallocRequest,
  type MallocAllocRequest,
  MallocResult,
  MallocType,
} from '../../../protocol/eal/malloc.js';
import { Memzones } from '../../../shm/heap/memzones.js';
import { serveMallocRequest } from '../../../shm/heap/serve-malloc.js';
import { checkHeap } from './support/check-heap.js';
import { heapImage } from './support/heap-image.js';

const MB = 2 ** 20;
const WRITER = 2;
const REQUEST: MallocAllocRequest = {
  type: MallocType.ALLOC,
  id: 9n,
  heapIndex: 0,
  pageSize: BigInt(2 * MB),
  eltSize: BigInt(3 * MB),
  socketId: 0,
  flags: 0,
  align: 64n,
  bound: 0n,
  contiguous: false,
};

describe('heap: growth that fails', () => {
  it('takes the new pages back when telling the secondaries throws', () => {
    const image = heapImage({
      sync() {
        throw new RangeError('on purpose');
      },
    });
    expect(() => new Memzones(image.space).reserve('LARGE', 9 * MB)).to.throw(RangeError);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });

  it('keeps free pages in the heap while a lock keeps it from removing them', () => {
    const { space } = heapImage();
    const { config, layout } = space;
    const zones = new Memzones(space);
    zones.reserve('LARGE', 9 * MB);
    config.setInt32(layout.offsets.memoryHotplugLock, WRITER, true);
    zones.free('LARGE');
    config.setInt32(layout.offsets.memoryHotplugLock, 0, true);
    expect(zones.find('LARGE')).to.equal(undefined);
    expect(checkHeap(space)).to.deep.equal([]);
    zones.reserve('AGAIN', 9 * MB);
    expect(checkHeap(space)).to.deep.equal([]);
  });

  it('answers FAIL and takes the new pages back when this process changes the heap meanwhile', () => {
    const image = heapImage();
    const { config, layout } = image.space;
    config.setInt32(layout.offsets.memoryHotplugLock, WRITER, true);
    const before = image.freeBytes();
    const request = { ...REQUEST, pageSize: BigInt(MB / 4) };
    let looks = 0;
    // the secondary gives up meanwhile, and another thread of this process takes the lock
    const response = serveMallocRequest(image.space, encodeMallocRequest(request), () => looks++ > 0);
    config.setInt32(layout.offsets.memoryHotplugLock, 0, true);
    expect(response[72]).to.equal(MallocResult.FAIL);
    expect(image.synced).to.deep.equal(['mp_malloc_sync', 'mp_malloc_rollback']);
    expect(image.freeBytes()).to.equal(before);
    expect(checkHeap(image.space)).to.deep.equal([]);
  });
});
