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
