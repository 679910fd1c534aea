import {
  decodeMallocRequest,
  encodeMallocResponse,
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

/** Names of what {@link EalRequests} answers. */
export const EAL_ACTIONS: readonly string[] = [MALLOC_REQUEST_ACTION, VDEV_ACTION];

/** What answering takes of a channel. */
export interface EalChannel {
  readonly actions: Actions;
  requestSync(message: Message, timeoutMs: number): MpReply;
  /** Sends a message to one secondary. */
  sendTo(message: Message, path: string): void;
  readonly onError: (error: unknown) => void;
  /** Blocks for up to so many milliseconds, answering what comes in. */
  wait(ms: number): void;
}

/** Answers what the EAL of secondaries asks a primary for: memory, and which virtual devices there are. */
export class EalRequests {
  readonly #channel: EalChannel;
  readonly #space: PrimarySpace;
  readonly #changing: Int32Array;
  readonly #waiting: { readonly param: Uint8Array; readonly peer: Peer }[] = [];
  #isServing = false;

  /** @param changing see `SpaceCalls.changing` */
  constructor(channel: EalChannel, space: PrimarySpace, changing: Int32Array) {
    this.#channel = channel;
    this.#space = space;
    this.#changing = changing;
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
      // whoever asks holds memory_hotplug_lock until it gives up: if we hold it, it has
      const hasGivenUp = Atomics.load(this.#changing, 0) === 1;
      const param = hasGivenUp
        ? encodeMallocResponse(decodeMallocRequest(request), MallocResult.FAIL)
        : serveMallocRequest(this.#space, request);
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
