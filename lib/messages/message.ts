import { getChars } from '../../protocol/bytes.js';
import type { DecodedMessage } from '../../protocol/message.js';
import { pidOfSocket } from '../../protocol/paths.js';
import type { OwnedFd } from '../../sys/owned-fd.js';
import { debug } from '../diagnostics.js';
import type { Counters } from './stats.js';

/** Sender of a message, or a process that a message can go to: the `peer` argument of a C action. */
export interface Peer {
  /** Path of the sender's socket, as the sender spells it; `''` for a sender without one, which can't be answered. */
  readonly path: string;
  /** Process id in the socket's name, if there is one. It is not verified. */
  readonly pid?: number;
}

/** Path and process id of the last sender, which is mostly the next one, too. */
let lastPath = '';
let lastPid: number | undefined;

/** Makes a {@link Peer}. It is a new object each time, because the object tells which request a reply belongs to. */
export function peerAt(path: string): Peer {
  if (path !== lastPath) {
    lastPath = path;
    lastPid = pidOfSocket(path);
  }
  return Object.freeze(lastPid === undefined ? { path } : { path, pid: lastPid });
}

/** A received message: `struct rte_mp_msg`, as a C action gets it. All bytes are copies, which stay valid. */
export interface ReceivedMessage {
  /** Name of the action. */
  readonly name: string;
  /** The parameter: exactly `len_param` bytes. */
  readonly param: Uint8Array;
  /**
   * All 256 bytes of the parameter's field: some C drivers answer with `len_param` 0 and put their result there all the
   * same.
   */
  readonly paramArea: Uint8Array;
  /**
   * Descriptors that came with the message, open and close-on-exec; empty once they were taken or closed. The channel closes
   * a request's descriptors when its handler has settled, and an answer's when its `MpReply` is disposed or garbage collected.
   */
  readonly fds: readonly number[];
  /**
   * Hands the descriptors over to the caller, who has to close them from now on. Returns those that are still open.
   *
   * @example
   * const [fd] = msg.takeFds();
   */
  takeFds(): number[];
  /**
   * Returns `param` decoded as UTF-8, up to the first NUL.
   *
   * @example
   * console.log(msg.text());
   */
  text(): string;
}

/** Answer that a handler returns for a request; see `MpChannel.registerAction`. */
export interface ReplyBody {
  /** The parameter, at most 256 bytes. A string is sent as UTF-8 with a trailing NUL. Empty by default. */
  readonly param?: Uint8Array | string | undefined;
  /** Descriptors to send along. They stay the caller's: sending doesn't close them. */
  readonly fds?: readonly number[] | undefined;
}

/**
 * The answers to a request: `struct rte_mp_reply`. Disposing of it closes the descriptors that were not taken.
 *
 * @example
 * const reply = await channel.request({ name: 'hello' });
 * for (const message of reply.msgs) console.log(message.text());
 * reply[Symbol.dispose]();
 */
export interface MpReply extends Disposable {
  /** How many peers got the request, without those that answered IGN. */
  readonly nbSent: number;
  /** How many answers are in `msgs`. */
  readonly nbReceived: number;
  /** The answers, in the order of arrival; after `requestSync`, in the order in which the peers were asked. */
  readonly msgs: readonly ReceivedMessage[];
}

/** Closes the descriptors of messages that were garbage collected without being closed. */
const abandoned = new FinalizationRegistry<{ fds: readonly OwnedFd[]; counters: Counters; name: string }>(
  ({ fds, counters, name }) => {
    const closed = closeAll(fds, counters);
    if (closed > 0)
      debug('%d descriptor(s) of a reply to %s were never taken: dispose of the reply', closed, name);
  },
);

/** Closes the descriptors that are still open here, counts them, and returns how many they were. */
export function closeAll(fds: readonly OwnedFd[], counters: Counters): number {
  let closed = 0;
  for (const fd of fds) if (fd.close()) closed++;
  counters.fdsClosedUnclaimed += closed;
  return closed;
}

/** A received message, as the channel's parts see it. */
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

  /** Lets the garbage collector close the descriptors that are left then. */
  closeWhenCollected(): void {
    const { name } = this;
    if (this.#fds.length > 0) abandoned.register(this, { fds: this.#fds, counters: this.#counters, name });
  }

  closeFds(): void {
    closeAll(this.#fds, this.#counters);
  }
}

/** The answers to a request, as the channel's parts see them. */
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
