import {
  decodeMallocRequest,
  encodeMallocResponse,
  type MallocAllocRequest,
  type MallocFreeRequest,
  MallocResult,
  MallocType,
} from '../../protocol/eal/malloc.js';
import { isPowerOfTwo } from '../layout/fields.js';
import { RwLock, wordsOf } from '../locks/rwlock.js';
import { ceilTo } from './fit.js';
import { growHeap, releasePages } from './growth.js';
import { Heaps } from './heap.js';
import { EXTERNAL_SOCKET_ID, type HeapSpace, type PageRange } from './heap-space.js';
import { ListRecord } from './list-record.js';
import type { BlockRequest } from './malloc-heap.js';
import { SharedWords } from './shared-words.js';

/**
 * Answers a secondary's `mp_malloc_request`: makes pages for its heap, or removes those that it has taken out, and has
 * every secondary follow. The requester waits for up to 5,000 ms and holds the heap's lock and `memory_hotplug_lock`
 * meanwhile, so this doesn't take them. A requester that has given up gets no pages: another process may be changing its
 * heap. Throws `EBADMSG` for an invalid request, which C doesn't answer either.
 *
 * @param isOurs whether this process holds `memory_hotplug_lock` itself: then the requester has given up
 * @returns the param of `mp_malloc_response`, for all secondaries
 */
export function serveMallocRequest(
  space: HeapSpace,
  param: Uint8Array,
  isOurs: () => boolean = () => false,
): Uint8Array {
  const request = decodeMallocRequest(param);
  const isWaiting = () => isWriteHeld(space) && !isOurs();
  const done =
    request.type === MallocType.ALLOC
      ? serveAlloc(space, request, isWaiting)
      : serveFree(space, request, isWaiting);
  return encodeMallocResponse(request, done ? MallocResult.SUCCESS : MallocResult.FAIL);
}

function serveAlloc(space: HeapSpace, asked: MallocAllocRequest, isStillWanted: () => boolean): boolean {
  const heap = new Heaps(space).at(asked.heapIndex);
  const request = blockRequest(asked, space.layout.cacheLine);
  const pageSize = Number(asked.pageSize);
  if (heap === undefined || heap.isExternal || request === undefined || !isPowerOfTwo(pageSize)) return false;
  const { socketId, id } = asked;
  return isStillWanted() && growHeap(space, heap, { socketId, pageSize, request, id, isStillWanted });
}

/** Whether a process holds `memory_hotplug_lock` for writing, as a requester does until it gives up. */
function isWriteHeld({ config, layout }: HeapSpace): boolean {
  return new RwLock(wordsOf(config), layout.offsets.memoryHotplugLock, layout.rwlock).isWriteHeld;
}

function serveFree(
  space: HeapSpace,
  { addr, len, id }: MallocFreeRequest,
  isWaiting: () => boolean,
): boolean {
  const pages = { addr: Number(addr), len: Number(len) };
  const { pages: source } = space;
  if (source === undefined || !canBeReleased(space, pages)) return false;
  const release = () => releasePages(space, source, pages, id);
  return isWaiting() ? release() : space.locks.hotplug(release);
}

/** Whether these are whole pages of one list, all in use, and none that has to stay. */
function canBeReleased(space: HeapSpace, { addr, len }: PageRange): boolean {
  const list = ListRecord.holding(new SharedWords(space), addr);
  if (list === undefined || list.external) return false;
  const { base, pageSize } = list;
  const isWhole = addr % pageSize === 0 && len % pageSize === 0 && len > 0;
  if (!isWhole || addr + len > base + list.length) return false;
  for (let page = addr; page < addr + len; page += pageSize) if (list.isKept(page)) return false;
  return list.hasPages({ addr, len });
}

/** Returns the block that the requester will look for; `undefined` where the request has impossible values. */
function blockRequest(asked: MallocAllocRequest, cacheLine: number): BlockRequest | undefined {
  const [size, align, bound] = [asked.eltSize, asked.align, asked.bound].map(Number);
  if (size === undefined || align === undefined || bound === undefined) return undefined;
  const isPossible =
    size > 0 && size < 2 ** 47 && isPowerOfTwo(align) && (bound === 0 || isPowerOfTwo(bound));
  if (!isPossible || asked.socketId >= EXTERNAL_SOCKET_ID) return undefined;
  return {
    size: ceilTo(size, cacheLine),
    align: Math.max(align, cacheLine),
    bound,
    contiguous: asked.contiguous,
    flags: asked.flags,
  };
}
