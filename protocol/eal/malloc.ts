import { MpError } from '../errors.js';
import { struct, union } from '../struct.js';
import { bool, i32, u32, u64, type ValueOf } from '../struct-types.js';

/** The requests by which a primary announces changed memory to its secondaries (malloc_mp.h). */
export const MALLOC_SYNC_ACTIONS: readonly string[] = ['mp_malloc_sync', 'mp_malloc_rollback'];
/** The message by which a secondary asks the primary for pages, or gives them back (malloc_mp.h). */
export const MALLOC_REQUEST_ACTION = 'mp_malloc_request';
/** The message by which the primary answers. Every secondary gets it; the id says which one it is for (malloc_mp.h). */
export const MALLOC_RESPONSE_ACTION = 'mp_malloc_response';

/** `enum malloc_req_type` (malloc_mp.h) */
export const MallocType = { ALLOC: 0, FREE: 1, SYNC: 2 } as const;
/** `enum malloc_req_result` (malloc_mp.h) */
export const MallocResult = { SUCCESS: 0, FAIL: 1 } as const;

/** `struct malloc_req_alloc` (malloc_mp.h) */
const AllocParam = struct({
  heapIndex: u32,
  pageSize: u64,
  eltSize: u64,
  socketId: i32,
  flags: u32,
  align: u64,
  bound: u64,
  contiguous: bool,
});
/** `struct malloc_mp_req` (malloc_mp.h); `free` is its `struct malloc_req_free` */
const MallocParam = struct(
  {
    type: u32,
    arg: union({ alloc: AllocParam, free: struct({ addr: u64, len: u64 }) }),
    id: u64,
    result: u32,
  },
  { name: 'A message about memory' },
);

/** What `mp_malloc_sync` and `mp_malloc_rollback` say: the process that changes memory chooses the id. */
export interface MallocSync {
  readonly id: bigint;
}

/** A secondary asks for pages that an element of `eltSize` bytes fits into. It holds the heap's lock meanwhile. */
export interface MallocAllocRequest {
  readonly type: typeof MallocType.ALLOC;
  readonly id: bigint;
  /** Position in `rte_mem_config.malloc_heaps`. */
  readonly heapIndex: number;
  /** Bytes, like all sizes here. */
  readonly pageSize: bigint;
  readonly eltSize: bigint;
  /** NUMA node. */
  readonly socketId: number;
  /** RTE_MEMZONE_* flags: page sizes, and whether they are a hint. */
  readonly flags: number;
  readonly align: bigint;
  /** 0: none. */
  readonly bound: bigint;
  /** Whether physical addresses have to follow each other. */
  readonly contiguous: boolean;
}

/** A secondary has taken pages out of the heap; the primary can unmap them. */
export interface MallocFreeRequest {
  readonly type: typeof MallocType.FREE;
  readonly id: bigint;
  readonly addr: bigint;
  readonly len: bigint;
}

/** What a secondary asks the primary for with `mp_malloc_request`. */
export type MallocRequest = MallocAllocRequest | MallocFreeRequest;

/**
 * Decodes the param of a sync or rollback request. Throws `EBADMSG` for one that is too short or of another type.
 *
 * @example
 * const { id } = decodeMallocSync(msg.param);
 */
export function decodeMallocSync(param: Uint8Array): MallocSync {
  const request = read(param);
  if (request?.type !== MallocType.SYNC) throw badRequest(param, request, 'A memory sync request');
  return { id: request.id };
}

/**
 * Encodes the answer to a sync or rollback request. With `SUCCESS` it is the request itself, too, because C's result is 0
 * there.
 *
 * @example
 * const param = encodeMallocSync({ id }, MallocResult.SUCCESS);
 */
export function encodeMallocSync({ id }: MallocSync, result: 0 | 1): Uint8Array {
  return MallocParam.encode({ type: MallocType.SYNC, id, result });
}

/**
 * Reads in a secondary's answer whether it has followed the sync request of this id. Returns `false` for an answer to
 * another request.
 *
 * @example
 * const all = replies.every(({ param }) => hasSynced(param, id));
 */
export function hasSynced(param: Uint8Array, id: bigint): boolean {
  const answer = read(param);
  return answer?.type === MallocType.SYNC && answer.id === id && answer.result === MallocResult.SUCCESS;
}

/**
 * Decodes what a secondary asks for. Throws `EBADMSG` for a param that is too short, or of another type than ALLOC and FREE.
 *
 * @example
 * const request = decodeMallocRequest(msg.param);
 */
export function decodeMallocRequest(param: Uint8Array): MallocRequest {
  const request = read(param);
  if (request?.type === MallocType.FREE) {
    return { type: MallocType.FREE, id: request.id, ...request.arg.free };
  }
  if (request?.type === MallocType.ALLOC) {
    return { type: MallocType.ALLOC, id: request.id, ...request.arg.alloc };
  }
  throw badRequest(param, request, 'A memory request');
}

/**
 * Encodes what a secondary asks for.
 *
 * @example
 * const param = encodeMallocRequest({ type: MallocType.FREE, id: 1n, addr, len });
 */
export function encodeMallocRequest(request: MallocRequest): Uint8Array {
  if (request.type === MallocType.FREE) {
    const { type, id, ...free } = request;
    return MallocParam.encode({ type, id, arg: { free } });
  }
  const { type, id, ...alloc } = request;
  return MallocParam.encode({ type, id, arg: { alloc } });
}

/**
 * Encodes what the primary sends with `mp_malloc_response`.
 *
 * @example
 * const param = encodeMallocResponse(request, MallocResult.FAIL);
 */
export function encodeMallocResponse({ type, id }: MallocRequest, result: 0 | 1): Uint8Array {
  return MallocParam.encode({ type, id, result });
}

type MallocMessage = ValueOf<typeof MallocParam>;

function read(param: Uint8Array): MallocMessage | undefined {
  return param.length < MallocParam.size ? undefined : MallocParam.decode(param);
}

function badRequest(param: Uint8Array, request: MallocMessage | undefined, what: string): MpError {
  const found = request === undefined ? `${param.length} bytes` : `type ${request.type}`;
  return new MpError(
    'EBADMSG',
    `${what} has ${found}, not ${MallocParam.size} bytes of its type: answer it with IGN`,
  );
}
