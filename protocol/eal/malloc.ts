import { MpError } from '../errors.js';

/** The requests by which a primary announces changed memory to secondaries (malloc_mp.h). */
export const MALLOC_SYNC_ACTIONS: readonly string[] = ['mp_malloc_sync', 'mp_malloc_rollback'];
/** The message by which a secondary asks the primary for pages, or gives them back (malloc_mp.h). */
export const MALLOC_REQUEST_ACTION = 'mp_malloc_request';
/** The message by which the primary answers; every secondary gets it, the id tells whose it is (malloc_mp.h). */
export const MALLOC_RESPONSE_ACTION = 'mp_malloc_response';

// struct malloc_mp_req (malloc_mp.h)
const MALLOC_MP_REQ_SIZE = 80;
const TYPE = 0;
const ID = 64;
const RESULT = 72;
// struct malloc_req_alloc, in its union
const HEAP_INDEX = 8;
const PAGE_SIZE = 16;
const ELT_SIZE = 24;
const SOCKET = 32;
const FLAGS = 36;
const ALIGN = 40;
const BOUND = 48;
const CONTIG = 56;
// struct malloc_req_free, in the same place
const ADDR = 8;
const LEN = 16;

/** enum malloc_req_type (malloc_mp.h) */
export const MallocType = { ALLOC: 0, FREE: 1, SYNC: 2 } as const;
/** enum malloc_req_result (malloc_mp.h) */
export const MallocResult = { SUCCESS: 0, FAIL: 1 } as const;

/** What `mp_malloc_sync` and `mp_malloc_rollback` say: the id is chosen by whoever changes memory. */
export interface MallocSync {
  readonly id: bigint;
}

/** A secondary asks for pages that an element of `eltSize` bytes fits into; it holds the heap's lock meanwhile. */
export interface MallocAllocRequest {
  readonly type: typeof MallocType.ALLOC;
  readonly id: bigint;
  /** Position in `rte_mem_config.malloc_heaps`. */
  readonly heapIndex: number;
  /** Bytes, as all sizes here. */
  readonly pageSize: bigint;
  readonly eltSize: bigint;
  /** NUMA node. */
  readonly socketId: number;
  /** Of RTE_MEMZONE_*: page sizes, and whether they are a hint. */
  readonly flags: number;
  readonly align: bigint;
  /** 0: none. */
  readonly bound: bigint;
  /** Physical addresses that follow each other. */
  readonly contiguous: boolean;
}

/** A secondary has taken pages out of the heap; they can go. */
export interface MallocFreeRequest {
  readonly type: typeof MallocType.FREE;
  readonly id: bigint;
  readonly addr: bigint;
  readonly len: bigint;
}

/** What a secondary asks the primary for with `mp_malloc_request`. */
export type MallocRequest = MallocAllocRequest | MallocFreeRequest;

/**
 * Reads the param of a sync or rollback request. Throws `EBADMSG` for one that is too short or of another type.
 *
 * @example
 * const { id } = decodeMallocSync(msg.param);
 */
export function decodeMallocSync(param: Uint8Array): MallocSync {
  return { id: typedView(param, MallocType.SYNC, 'A memory sync request').getBigUint64(ID, true) };
}

/**
 * The answer to such a request; with `SUCCESS` it is the request itself, too, as C's result is 0 there.
 *
 * @example
 * const param = encodeMallocSync({ id }, MallocResult.SUCCESS);
 */
export function encodeMallocSync({ id }: MallocSync, result: 0 | 1): Uint8Array {
  return encode(MallocType.SYNC, id, result);
}

/**
 * Reads a secondary's answer to a sync request: whether it has followed. `false` for one that answers another.
 *
 * @example
 * const all = replies.every(({ param }) => hasSynced(param, id));
 */
export function hasSynced(param: Uint8Array, id: bigint): boolean {
  if (param.length < MALLOC_MP_REQ_SIZE) return false;
  const view = viewOf(param);
  return (
    view.getUint32(TYPE, true) === MallocType.SYNC &&
    view.getBigUint64(ID, true) === id &&
    view.getUint32(RESULT, true) === MallocResult.SUCCESS
  );
}

/**
 * Reads what a secondary asks for. Throws `EBADMSG` for what is too short or neither of the two.
 *
 * @example
 * const request = decodeMallocRequest(msg.param);
 */
export function decodeMallocRequest(param: Uint8Array): MallocRequest {
  const type = param.length < MALLOC_MP_REQ_SIZE ? undefined : viewOf(param).getUint32(TYPE, true);
  if (type === MallocType.FREE) return decodeFree(viewOf(param));
  return decodeAlloc(typedView(param, MallocType.ALLOC, 'A memory request'));
}

/**
 * What a secondary sends to ask for it.
 *
 * @example
 * const param = encodeMallocRequest({ type: MallocType.FREE, id: 1n, addr, len });
 */
export function encodeMallocRequest(request: MallocRequest): Uint8Array {
  const param = encode(request.type, request.id, MallocResult.SUCCESS);
  const view = viewOf(param);
  if (request.type === MallocType.FREE) {
    view.setBigUint64(ADDR, request.addr, true);
    view.setBigUint64(LEN, request.len, true);
    return param;
  }
  view.setUint32(HEAP_INDEX, request.heapIndex, true);
  view.setBigUint64(PAGE_SIZE, request.pageSize, true);
  view.setBigUint64(ELT_SIZE, request.eltSize, true);
  view.setInt32(SOCKET, request.socketId, true);
  view.setUint32(FLAGS, request.flags, true);
  view.setBigUint64(ALIGN, request.align, true);
  view.setBigUint64(BOUND, request.bound, true);
  view.setUint8(CONTIG, request.contiguous ? 1 : 0);
  return param;
}

/**
 * What the primary sends with `mp_malloc_response`.
 *
 * @example
 * const param = encodeMallocResponse(request, MallocResult.FAIL);
 */
export function encodeMallocResponse({ type, id }: MallocRequest, result: 0 | 1): Uint8Array {
  return encode(type, id, result);
}

function decodeFree(view: DataView): MallocFreeRequest {
  return {
    type: MallocType.FREE,
    id: view.getBigUint64(ID, true),
    addr: view.getBigUint64(ADDR, true),
    len: view.getBigUint64(LEN, true),
  };
}

function decodeAlloc(view: DataView): MallocAllocRequest {
  return {
    type: MallocType.ALLOC,
    id: view.getBigUint64(ID, true),
    heapIndex: view.getUint32(HEAP_INDEX, true),
    pageSize: view.getBigUint64(PAGE_SIZE, true),
    eltSize: view.getBigUint64(ELT_SIZE, true),
    socketId: view.getInt32(SOCKET, true),
    flags: view.getUint32(FLAGS, true),
    align: view.getBigUint64(ALIGN, true),
    bound: view.getBigUint64(BOUND, true),
    contiguous: view.getUint8(CONTIG) !== 0,
  };
}

function encode(type: number, id: bigint, result: 0 | 1): Uint8Array {
  const param = new Uint8Array(MALLOC_MP_REQ_SIZE);
  const view = viewOf(param);
  view.setUint32(TYPE, type, true);
  view.setBigUint64(ID, id, true);
  view.setUint32(RESULT, result, true);
  return param;
}

function typedView(param: Uint8Array, expected: number, what: string): DataView {
  const view = viewOf(param);
  const type = param.length < MALLOC_MP_REQ_SIZE ? undefined : view.getUint32(TYPE, true);
  if (type === expected) return view;
  const found = type === undefined ? `${param.length} bytes` : `type ${type}`;
  throw new MpError(
    'EBADMSG',
    `${what} has ${found}, not ${MALLOC_MP_REQ_SIZE} bytes of type ${expected}: answer it with IGN`,
  );
}

function viewOf(param: Uint8Array): DataView {
  return new DataView(param.buffer, param.byteOffset, param.byteLength);
}
