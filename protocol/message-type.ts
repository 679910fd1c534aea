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
