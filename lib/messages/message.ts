import { getChars } from '../../protocol/bytes.js';
import type { DecodedMessage } from '../../protocol/message.js';
import { pidOfSocket } from '../../protocol/paths.js';
import type { OwnedFd } from '../../sys/owned-fd.js';
import { debug } from '../diagnostics.js';
import type { Counters } from './stats.js';

/** Who sent a message: C's `peer` argument of an action. */
export interface Peer {
  /** The sender's socket, as it is spelled; `''` for a sender without one, which can't be answered. */
  readonly path: string;
  /** From the socket's name, where it has one. Not verified. */
  readonly pid?: number;
}

/** The process that the last message came from: mostly the next one, too. */
let lastPath = '';
let lastPid: number | undefined;

/** Makes a {@link Peer}, a new object each time: replies are matched to requests by it. */
export function peerAt(path: string): Peer {
  if (path !== lastPath) {
    lastPath = path;
    lastPid = pidOfSocket(path);
  }
  return Object.freeze(lastPid === undefined ? { path } : { path, pid: lastPid });
}

/** A message that came in: `struct rte_mp_msg` as a C action gets it. All bytes are copies. */
export interface ReceivedMessage {
  /** Of the action. */
  readonly name: string;
  /** Exactly `len_param` bytes. */
  readonly param: Uint8Array;
  /** All 256 bytes: some C drivers answer with `len_param` 0 and put the result behind it. */
  readonly paramArea: Uint8Array;
  /**
   * The descriptors that came with it, open and close-on-exec; empty once they were taken or closed. They are closed
   * when the handler has settled or, of a reply, when its `MpReply` is disposed or the message collected.
   */
  readonly fds: readonly number[];
  /** Hands the descriptors over: the caller closes them from now on. */
  takeFds(): number[];
  /** `param` as UTF-8 up to the first NUL. */
  text(): string;
}

/** What a handler returns for a request; see `MpChannel.registerAction`. */
export interface ReplyBody {
  /** At most 256 bytes; a string is sent as UTF-8 with a trailing NUL. */
  readonly param?: Uint8Array | string | undefined;
  /** Stay the caller's: they are sent, not closed. */
  readonly fds?: readonly number[] | undefined;
}

/** The answers to a request: `struct rte_mp_reply`. Disposing of it closes the descriptors that nobody took. */
export interface MpReply extends Disposable {
  /** Peers that got the request, less those that answered with IGN. */
  readonly nbSent: number;
  /** Answers in `msgs`. */
  readonly nbReceived: number;
  /** As they came in; of `requestSync`, in the order in which peers were asked. */
  readonly msgs: readonly ReceivedMessage[];
}

/** Closes the descriptors of replies that were dropped without being disposed of. */
const abandoned = new FinalizationRegistry<{ fds: readonly OwnedFd[]; counters: Counters; name: string }>(
  ({ fds, counters, name }) => {
    const closed = closeAll(fds, counters);
    if (closed > 0)
      debug('%d descriptor(s) of a reply to %s were never taken: dispose of the reply', closed, name);
  },
);

/** Closes those that are still ours, and counts them. */
export function closeAll(fds: readonly OwnedFd[], counters: Counters): number {
  let closed = 0;
  for (const fd of fds) if (fd.close()) closed++;
  counters.fdsClosedUnclaimed += closed;
  return closed;
}

export class Received implements ReceivedMessage {
  readonly name: string;
  readonly param: Uint8Array;
  readonly paramArea: Uint8Array;
  readonly #fds: readonly OwnedFd[];
  readonly #counters: Counters;

  constructor(message: DecodedMessage, fds: readonly OwnedFd[], counters: Counters) {
    this.name = message.name;
    this.param = message.param;
    this.paramArea = message.paramArea;
    this.#fds = fds;
    this.#counters = counters;
  }

  get fds(): readonly number[] {
    return this.#fds.filter((owned) => owned.isOpen).map((owned) => owned.fd);
  }

  takeFds(): number[] {
    return this.#fds.filter((owned) => owned.isOpen).map((owned) => owned.take());
  }

  text(): string {
    return getChars(this.param, 0, this.param.length);
  }

  /** From now on the garbage collector closes what is left, if nobody does it earlier. */
  closeWhenCollected(): void {
    const { name } = this;
    if (this.#fds.length > 0) abandoned.register(this, { fds: this.#fds, counters: this.#counters, name });
  }

  closeFds(): void {
    closeAll(this.#fds, this.#counters);
  }
}

export class Reply implements MpReply {
  readonly nbSent: number;
  readonly nbReceived: number;
  readonly msgs: readonly Received[];

  constructor(nbSent: number, msgs: readonly Received[]) {
    this.nbSent = nbSent;
    this.nbReceived = msgs.length;
    this.msgs = msgs;
    for (const message of msgs) message.closeWhenCollected();
  }

  [Symbol.dispose](): void {
    for (const message of this.msgs) message.closeFds();
  }
}
