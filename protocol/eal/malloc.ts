import { MpError } from '../errors.js';

/** The requests by which a primary announces changed memory to secondaries (malloc_mp.h). */
export const MALLOC_SYNC_ACTIONS: readonly string[] = ['mp_malloc_sync', 'mp_malloc_rollback'];

// struct malloc_mp_req (malloc_mp.h)
const MALLOC_MP_REQ_SIZE = 80;
const TYPE = 0;
const ID = 64;
const RESULT = 72;

/** `REQ_TYPE_SYNC` of enum malloc_req_type (malloc_mp.h). */
const REQ_TYPE_SYNC = 2;
/** Of enum malloc_req_result (malloc_mp.h). */
export const MallocResult = { SUCCESS: 0, FAIL: 1 } as const;

/** What `mp_malloc_sync` and `mp_malloc_rollback` say: the id is chosen by whoever changes memory. */
export interface MallocSync {
  readonly id: bigint;
}

/**
 * Reads the param of a sync or rollback request. Throws `EBADMSG` for one that is too short or of another type.
 *
 * @example
 * const { id } = decodeMallocSync(msg.param);
 */
export function decodeMallocSync(param: Uint8Array): MallocSync {
  const view = new DataView(param.buffer, param.byteOffset, param.byteLength);
  const type = param.length < MALLOC_MP_REQ_SIZE ? undefined : view.getUint32(TYPE, true);
  if (type !== REQ_TYPE_SYNC) {
    const what = type === undefined ? `${param.length} bytes` : `type ${type}`;
    const expected = `${MALLOC_MP_REQ_SIZE} bytes of type ${REQ_TYPE_SYNC}`;
    throw new MpError('EBADMSG', `A memory sync request has ${what}, not ${expected}: answer it with IGN`);
  }
  return { id: view.getBigUint64(ID, true) };
}

/**
 * The answer to such a request.
 *
 * @example
 * const param = encodeMallocSync({ id }, MallocResult.SUCCESS);
 */
export function encodeMallocSync({ id }: MallocSync, result: 0 | 1): Uint8Array {
  const param = new Uint8Array(MALLOC_MP_REQ_SIZE);
  const view = new DataView(param.buffer);
  view.setUint32(TYPE, REQ_TYPE_SYNC, true);
  view.setBigUint64(ID, id, true);
  view.setUint32(RESULT, result, true);
  return param;
}
