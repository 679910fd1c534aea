/**
 * A message to send: `struct rte_mp_msg` of rte_eal.h.
 *
 * `name` has 1 to 63 bytes of UTF-8 without NUL. `param` has at most 256 bytes; a string is sent as UTF-8 with a trailing NUL,
 * as C programs expect it. `fds` stay the caller's: sending doesn't close them.
 *
 * @example
 * const message: Message = { name: 'echo', param: 'hello', fds: [0] };
 */
export interface Message {
  /** Name of the receiver's action. */
  readonly name: string;
  /** The parameter; empty by default. */
  readonly param?: Uint8Array | string | undefined;
  /** Descriptors to send along; none by default. */
  readonly fds?: readonly number[] | undefined;
}

/**
 * A decoded datagram: `struct mp_msg_internal` of eal_common_proc.c without the descriptors, which travel beside the bytes.
 * Everything is a copy, which stays valid when the datagram's buffer is used again. `type` and `nameTerminated` are reported,
 * not checked; C doesn't check them either.
 */
export interface DecodedMessage {
  /** Type of the datagram, usually an {@link MpType}. C treats every other number as a MSG. */
  readonly type: number;
  /** The name's bytes up to the first NUL, or all 64 when there is none. */
  readonly name: string;
  /** False if the name's 64 bytes have no NUL. No C process can have registered such a name. */
  readonly nameTerminated: boolean;
  /** The parameter: the first `len_param` bytes of `paramArea`. */
  readonly param: Uint8Array;
  /** All 256 bytes of the parameter's field. The bytes behind `param` are mostly uninitialised memory of the sender. */
  readonly paramArea: Uint8Array;
  /** How many descriptors the message claims to carry. */
  readonly numFds: number;
}

/**
 * Type of a datagram: `enum mp_type` of eal_common_proc.c. A message (MSG) wants no answer; a request (REQ) wants a reply (REP)
 * or an IGN, "don't count me".
 *
 * @example
 * encodeMessage('340/253', MpType.REQ, { name: 'echo', param: 'hello' });
 */
export const MpType = {
  /** One-way message. */
  MSG: 0,
  /** Request, which wants an answer. */
  REQ: 1,
  /** Reply to a request. */
  REP: 2,
  /** Answer to a request that says "don't count me". */
  IGN: 3,
} as const;

/** One of the four values of {@link MpType}. */
export type MpType = (typeof MpType)[keyof typeof MpType];

/** Size of a message's name field in bytes, NUL included: `RTE_MP_MAX_NAME_LEN` of rte_eal.h. */
export const MP_MAX_NAME_LEN = 64;

/** Most bytes that a message's param can have: `RTE_MP_MAX_PARAM_LEN` of rte_eal.h. */
export const MP_MAX_PARAM_LEN = 256;
