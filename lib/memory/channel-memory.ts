import {
  decodeMallocSync,
  encodeMallocSync,
  MALLOC_SYNC_ACTIONS,
  MallocResult,
} from '../../protocol/eal/malloc.js';
import { MpError } from '../../protocol/errors.js';
import { type AttachOptions, attachMemory } from '../../shm/attach/attach.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import { type Actions, type Handler, IGNORE } from '../actions/actions.js';

/** How a secondary attaches its primary's memory; see `attachMemory` for each. */
export type ChannelMemoryOptions = Pick<
  AttachOptions,
  'writable' | 'lock' | 'lockTimeoutMs' | 'hugeDir' | 'unlinked'
>;

export interface ChannelMemorySettings {
  readonly filePrefix: string;
  readonly runtimeDir: string | undefined;
  readonly options: ChannelMemoryOptions;
  readonly actions: Actions;
  /** Blocks for up to `ms`, answering what comes in: a primary that waits for our answer holds the lock we wait for. */
  readonly whileWaiting: (ms: number) => void;
  readonly onError: (error: unknown) => void;
}

/** The primary's memory, attached when it is first asked for, and again after the primary was replaced. */
export class ChannelMemory {
  readonly #settings: ChannelMemorySettings;
  #attached: SharedMemory | undefined;
  #isAttaching = false;
  #isClosed = false;

  constructor(settings: ChannelMemorySettings) {
    this.#settings = settings;
  }

  get(): SharedMemory {
    if (this.#attached?.valid) return this.#attached;
    this.#attached?.abandon();
    this.#attached = undefined;
    if (this.#isAttaching)
      throw new MpError('EAGAIN', 'The memory is being attached just now: try again later');
    this.#isAttaching = true;
    try {
      this.#attached = this.#attach();
    } finally {
      this.#isAttaching = false;
    }
    if (this.#isClosed) this.close(); // by a handler that ran while we waited for the primary
    return this.#attached;
  }

  close(): undefined {
    this.#isClosed = true;
    this.#attached?.detach();
    return undefined;
  }

  #attach(): SharedMemory {
    const { filePrefix, runtimeDir, options, actions, whileWaiting } = this.#settings;
    const where = runtimeDir === undefined ? { filePrefix } : { filePrefix, runtimeDir };
    const memory = attachMemory({ ...options, ...where, whileWaiting });
    for (const name of MALLOC_SYNC_ACTIONS) actions.registerBuiltIn(name, this.#answerSync);
    return memory;
  }

  /** The primary has changed its memory and waits for every secondary to have followed: it gets an answer in any case. */
  readonly #answerSync: Handler = ({ param }) => {
    try {
      const request = decodeMallocSync(param);
      this.#attached?.sync();
      return { param: encodeMallocSync(request, MallocResult.SUCCESS) };
    } catch (error) {
      this.#settings.onError(error);
      return IGNORE;
    }
  };
}
