/**
 * What a datagram is: `enum mp_type` of eal_common_proc.c. A message (MSG) wants no answer; a request (REQ)
 * wants a reply (REP) or an IGN, "don't count me".
 *
 * @example
 * encodeMessage('340/253', MpType.REQ, { name: 'echo', param: 'hello' });
 */
export const MpType = { MSG: 0, REQ: 1, REP: 2, IGN: 3 } as const;

/** One of the four values of {@link MpType}. */
export type MpType = (typeof MpType)[keyof typeof MpType];
