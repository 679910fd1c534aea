/**
 * A message to send: `struct rte_mp_msg` of rte_eal.h.
 *
 * `name` is 1 to 63 bytes of UTF-8 without NUL. `param` is at most 256 bytes; a string is sent as UTF-8 with
 * a trailing NUL, as C programs expect it. `fds` stay the caller's: sending never closes them.
 *
 * @example
 * const message: Message = { name: 'echo', param: 'hello', fds: [0] };
 */
export interface Message {
  /** Which action of the receiver it is for. */
  readonly name: string;
  /** Nothing by default. */
  readonly param?: Uint8Array | string | undefined;
  /** Descriptors to pass on, none by default. */
  readonly fds?: readonly number[] | undefined;
}

/**
 * A datagram taken apart: `struct mp_msg_internal` of eal_common_proc.c without the descriptors, which travel
 * beside the bytes. Everything is a copy: it stays valid when the buffer it was read from is used again.
 *
 * `type` and `nameTerminated` are reported, not checked: C doesn't either.
 */
export interface DecodedMessage {
  /** Usually an {@link MpType}; C treats every other number as a MSG. */
  readonly type: number;
  /** The name's bytes up to the first NUL, or all 64 when there is none. */
  readonly name: string;
  /** False when the name's 64 bytes have no NUL: no C process has registered such a name. */
  readonly nameTerminated: boolean;
  /** Exactly `len_param` bytes: the start of `paramArea`. */
  readonly param: Uint8Array;
  /** All 256 bytes; what lies behind `param` is mostly the sender's uninitialised memory. */
  readonly paramArea: Uint8Array;
  /** How many descriptors the sender says it attached. */
  readonly numFds: number;
}

/**
 * What a datagram is: `enum mp_type` of eal_common_proc.c. A message (MSG) wants no answer; a request (REQ)
 * wants a reply (REP) or an IGN, "don't count me".
 *
 * @example
 * encodeMessage('340/253', MpType.REQ, { name: 'echo', param: 'hello' });
 */
export const MpType = {
  /** One-way. */
  MSG: 0,
  /** Wants an answer. */
  REQ: 1,
  /** Is one. */
  REP: 2,
  /** Is one, and says: don't count me. */
  IGN: 3,
} as const;

/** One of the four values of {@link MpType}. */
export type MpType = (typeof MpType)[keyof typeof MpType];

/** Size of a message's name field in bytes, NUL included: `RTE_MP_MAX_NAME_LEN` of rte_eal.h. */
export const MP_MAX_NAME_LEN = 64;

/** Most bytes a message's param can have: `RTE_MP_MAX_PARAM_LEN` of rte_eal.h. */
export const MP_MAX_PARAM_LEN = 256;
