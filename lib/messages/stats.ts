/**
 * Why a datagram, or an answer, was not used:
 * - `malformed`: C would reject the datagram (length, `num_fds`, `len_param`), or `num_fds` differs from the descriptors that
 *   came with it
 * - `truncated`: the kernel cut off bytes or descriptors; descriptors mostly because this process had no free ones
 * - `unterminated-name`: the name has 64 bytes without a NUL, so no action can have it
 * - `untrusted`: in the abstract namespace, the sender runs neither as this process's user nor as root
 * - `no-action`: no action is registered under the message's name
 * - `late-reply`: no request waits for the answer, or it came after the timeout
 * - `wrong-name`, `wrong-peer`: the answer doesn't fit the request that it came for
 * - `unsent-reply`: this process's answer could not be sent, because the requester was gone
 */
export type DropReason =
  | 'malformed'
  | 'truncated'
  | 'unterminated-name'
  | 'untrusted'
  | 'no-action'
  | 'late-reply'
  | 'wrong-name'
  | 'wrong-peer'
  | 'unsent-reply';

/** Counters of one channel since it was opened. */
export interface ChannelStats {
  /** How many datagrams of any type were sent. */
  readonly sent: number;
  /** How many valid datagrams of any type were received. */
  readonly received: number;
  /** How many datagrams and answers were not used, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Same as `dropped['late-reply']`. */
  readonly lateReplies: number;
  /** How many received descriptors the channel closed, because `takeFds` was not called. */
  readonly fdsClosedUnclaimed: number;
}

/** The counters that the channel's parts increment. */
export class Counters {
  sent = 0;
  received = 0;
  fdsClosedUnclaimed = 0;
  readonly dropped: Record<DropReason, number> = {
    malformed: 0,
    truncated: 0,
    'unterminated-name': 0,
    untrusted: 0,
    'no-action': 0,
    'late-reply': 0,
    'wrong-name': 0,
    'wrong-peer': 0,
    'unsent-reply': 0,
  };

  snapshot(): ChannelStats {
    const { sent, received, fdsClosedUnclaimed } = this;
    const dropped = { ...this.dropped };
    return { sent, received, dropped, lateReplies: dropped['late-reply'], fdsClosedUnclaimed };
  }
}
