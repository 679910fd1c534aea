import { encodeSnapshot } from '../../protocol/codec.js';
import { DIALECTS, type Dialect } from '../../protocol/dialect.js';
import type { Message, MpType } from '../../protocol/message.js';
import { checkMessage, snapshotOf } from '../../protocol/validate.js';
import { diagnostics, type TrafficEvent } from '../diagnostics.js';
import type { Endpoint } from '../transport/transport.js';
import { Outbox, type Outgoing } from './outbox.js';
import type { Counters } from './stats.js';

const NO_FDS: readonly number[] = [];
/** Longer than any dialect's datagram. */
const SCRATCH_LENGTH = 512;

/** A message in its dialect, ready to go out: valid until the next `encode`. */
export interface Encoded {
  readonly type: MpType;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly fds: readonly number[];
}

/** One datagram to be sent; `done` gets 0 or `-errno`, with `-EAGAIN` for no room until `deadline`. */
export interface Sending {
  readonly endpoint: Endpoint;
  readonly to: string;
  readonly connected: boolean;
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly done: (result: number) => void;
}

/** The most that any dialect takes. */
const LARGEST_DIALECT = DIALECTS['340/253'];

/**
 * The message as it is now: what the caller does to it later changes nothing. Throws for what is wrong whatever the primary
 * speaks; the rest is checked once that is known, when it is encoded.
 */
export function checkForAnyDialect(given: Message): Message {
  const message = snapshotOf(given);
  checkMessage(LARGEST_DIALECT, message);
  return message;
}

/** The one way out: every datagram of a channel is encoded, and so checked, here. */
export class Sender {
  readonly #counters: Counters;
  readonly #outbox = new Outbox();
  readonly #scratch = new Uint8Array(SCRATCH_LENGTH);

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Throws for anything that must not reach the wire. */
  encode(dialect: Dialect, type: MpType, given: Message): Encoded {
    const message = snapshotOf(given); // its descriptors go beside the bytes that count them
    const bytes = encodeSnapshot(dialect, type, message, this.#scratch);
    return { type, name: message.name, bytes, fds: message.fds ?? NO_FDS };
  }

  /** Waits on the event loop where there is no room. */
  send(encoded: Encoded, sending: Sending): void {
    this.#outbox.submit(this.#outgoing(encoded, sending));
  }

  /** Waits in this call, in `block`: until the endpoint can send, or for as long. */
  sendBlocking(
    encoded: Encoded,
    sending: Sending,
    block: (writable: Endpoint | undefined, ms: number) => void,
  ): void {
    this.#outbox.submitBlocking(this.#outgoing(encoded, sending), block);
  }

  /** Gives up what waits for room, everywhere or at one endpoint. */
  cancel(result: number, endpoint?: Endpoint): void {
    this.#outbox.cancel(result, endpoint);
  }

  #outgoing(encoded: Encoded, { endpoint, to, connected, deadline, signal, done }: Sending): Outgoing {
    return {
      endpoint,
      to,
      connected,
      deadline,
      signal,
      bytes: encoded.bytes,
      fds: encoded.fds,
      done: (result) => {
        if (result === 0) this.#sent(encoded, to);
        done(result);
      },
    };
  }

  #sent({ type, name, fds }: Encoded, peer: string): void {
    this.#counters.sent++;
    if (!diagnostics.send.hasSubscribers) return;
    diagnostics.send.publish({ type, name, peer, fdCount: fds.length } satisfies TrafficEvent);
  }
}
