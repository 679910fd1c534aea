import { checkInteger, checkType, INT32_MAX, INT32_MIN, viewOf } from '../eal/struct.js';

/**
 * A testpmd that is a primary tells its secondaries to end when it does (`TESTPMD_MP`, app/test-pmd/testpmd.c, since
 * 25.11, 25.11.1, 24.11.4, 23.11.6 and 22.11.11). It waits up to 5 s for each.
 */
export const TESTPMD_ACTION = 'mp_testpmd';

/** `enum testpmd_req_type` (testpmd.c): the primary asks. A secondary answers once its forwarding has ended. */
export const TestpmdType = {
  /** End. */
  EXIT: 0,
} as const;

// struct testpmd_mp_req and struct testpmd_mp_resp (testpmd.c), the same in 25.11 to 26.07 and the older ones
const SIZE = 4;

/** What the primary wants. */
export interface TestpmdRequest {
  /** One of {@link TestpmdType}. */
  readonly type: number;
}

/** The answer. */
export interface TestpmdResponse {
  /** 0, or a negative errno: -EINVAL for an unknown request. */
  readonly result: number;
}

/**
 * The param of a request. Throws `EINVAL` for a type that isn't one of {@link TestpmdType}.
 *
 * @example
 * const param = encodeTestpmdRequest({ type: TestpmdType.EXIT });
 */
export function encodeTestpmdRequest({ type }: TestpmdRequest): Uint8Array {
  checkType(type, TestpmdType, 'The type of a request to testpmd');
  const param = new Uint8Array(SIZE);
  new DataView(param.buffer).setUint32(0, type, true);
  return param;
}

/**
 * Reads a request. Throws `EBADMSG` for one that is too short.
 *
 * @example
 * channel.registerAction(TESTPMD_ACTION, ({ param }) => {
 *   if (decodeTestpmdRequest(param).type === TestpmdType.EXIT) setImmediate(() => channel.close());
 *   return { param: encodeTestpmdResponse({ result: 0 }) };
 * });
 */
export function decodeTestpmdRequest(param: Uint8Array): TestpmdRequest {
  return { type: viewOf(param, SIZE, 'A request of testpmd').getUint32(0, true) };
}

/** The param of an answer. Throws `EINVAL` for a result that is no whole number of 32 bits. */
export function encodeTestpmdResponse({ result }: TestpmdResponse): Uint8Array {
  checkInteger(result, INT32_MIN, INT32_MAX, 'The result');
  const param = new Uint8Array(SIZE);
  new DataView(param.buffer).setInt32(0, result, true);
  return param;
}

/** Reads an answer. Throws `EBADMSG` for one that is too short. */
export function decodeTestpmdResponse(param: Uint8Array): TestpmdResponse {
  return { result: viewOf(param, SIZE, 'An answer of testpmd').getInt32(0, true) };
}
