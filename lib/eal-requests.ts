import {
  encodeMallocSync,
  hasSynced,
  MALLOC_REQUEST_ACTION,
  MALLOC_RESPONSE_ACTION,
  MallocResult,
} from '../protocol/eal/malloc.js';
import { encodeVdevScanReply, VDEV_ACTION } from '../protocol/eal/vdev.js';
import { MpError } from '../protocol/errors.js';
import type { Message } from '../protocol/message.js';
import { serveMallocRequest } from '../shm/heap/index.js';
import type { PrimarySpace, SyncAction } from '../shm/primary/interface.js';
import type { Actions } from './actions.js';
import { debug } from './diagnostics.js';
import type { MpReply, Peer } from './message.js';

/** How long the EAL gives secondaries to follow a change of memory (MP_TIMEOUT_S, malloc_mp.c), in milliseconds. */
const SYNC_TIMEOUT_MS = 5_000;

/** What answering takes of a channel. */
export interface EalChannel {
  readonly actions: Actions;
  requestSync(message: Message, timeoutMs: number): MpReply;
  /** Sends a message to one secondary. */
  sendTo(message: Message, path: string): void;
  readonly onError: (error: unknown) => void;
}

/** Answers what the EAL of secondaries asks a primary for: memory, and which virtual devices there are. */
export class EalRequests {
  readonly #channel: EalChannel;
  readonly #space: PrimarySpace;
  readonly #waiting: { readonly param: Uint8Array; readonly peer: Peer }[] = [];
  #isServing = false;

  constructor(channel: EalChannel, space: PrimarySpace) {
    this.#channel = channel;
    this.#space = space;
    channel.actions.registerBuiltIn(VDEV_ACTION, () => ({ param: encodeVdevScanReply(0) }));
    channel.actions.registerBuiltIn(MALLOC_REQUEST_ACTION, ({ param }, peer) => {
      this.#waiting.push({ param, peer });
      this.#serve();
    });
  }

  /** One after the other: while secondaries are asked to follow, the next request may come in. */
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const { param, peer } = next;
        this.#channel.actions.answeringBuiltInsOnly(() => this.#answer(param, peer));
      }
    } finally {
      this.#isServing = false;
    }
  }

  #answer(request: Uint8Array, peer: Peer): void {
    try {
      const param = serveMallocRequest(this.#space, request);
      this.#channel.sendTo({ name: MALLOC_RESPONSE_ACTION, param }, peer.path);
    } catch (error) {
      this.#channel.onError(error);
    }
  }
}

/** Has every secondary follow a change of memory; false if one failed, or didn't answer. */
export function syncSecondaries(
  channel: Pick<EalChannel, 'requestSync'>,
  action: SyncAction,
  id: bigint,
): boolean {
  try {
    const message = { name: action, param: encodeMallocSync({ id }, MallocResult.SUCCESS) };
    const { nbSent, nbReceived, msgs } = channel.requestSync(message, SYNC_TIMEOUT_MS);
    return nbReceived === nbSent && msgs.every(({ param }) => hasSynced(param, id));
  } catch (error) {
    if (!(error instanceof MpError)) throw error;
    debug('%s: %s', action, error.message);
    return false;
  }
}
