// What a secondary's EAL asks its primary for when its heap has to grow.
import { encodeMallocRequest, MallocType } from '../../../../protocol/eal/malloc.js';

/** The param of `mp_malloc_request` for a block of so many bytes in the first heap. */
export function growthRequest(pageSize: number, bytes: number): Uint8Array {
  return encodeMallocRequest({
    type: MallocType.ALLOC,
    id: 9n,
    heapIndex: 0,
    pageSize: BigInt(pageSize),
    eltSize: BigInt(bytes),
    socketId: 0,
    flags: 0,
    align: 64n,
    bound: 0n,
    contiguous: false,
  });
}
