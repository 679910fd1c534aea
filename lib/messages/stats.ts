/**
 * Why something that arrived was not used:
 * - `malformed`: C would have rejected it (length, `num_fds`, `len_param`), or `num_fds` isn't what came along
 * - `truncated`: the kernel cut bytes or descriptors off, the latter usually for want of free ones
 * - `unterminated-name`: a name of 64 bytes, which nothing can be registered under
 * - `untrusted`: in the abstract namespace, a sender that is neither our user nor root
 * - `no-action`: nothing is registered under its name
 * - `late-reply`: an answer that nobody waits for, any more or at all
 * - `wrong-name`, `wrong-peer`: an answer that doesn't fit the request it came for
 * - `unsent-reply`: an answer of ours whose requester was gone
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
  /** Datagrams that went out, of any type. */
  readonly sent: number;
  /** Valid datagrams that came in, of any type. */
  readonly received: number;
  /** What arrived and was not used, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Same as `dropped['late-reply']`. */
  readonly lateReplies: number;
  /** Received descriptors that nobody took. */
  readonly fdsClosedUnclaimed: number;
}

/** The counters as the channel's parts count them. */
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
