import {
  decodeMallocSync,
  encodeMallocSync,
  MALLOC_SYNC_ACTIONS,
  MallocResult,
} from '../protocol/eal/malloc.js';
import { MpError } from '../protocol/errors.js';
import { type AttachOptions, attachMemory } from '../shm/attach.js';
import type { SharedMemory } from '../shm/shared-memory.js';
import { type Actions, type Handler, IGNORE } from './actions.js';

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
}

/** The primary's memory, attached when it is first asked for, and again after the primary was replaced. */
export class ChannelMemory {
  readonly #settings: ChannelMemorySettings;
  #attached: SharedMemory | undefined;

  constructor(settings: ChannelMemorySettings) {
    this.#settings = settings;
  }

  get(): SharedMemory {
    this.#attached ??= this.#attach();
    return this.#attached;
  }

  /** The next `get` attaches the new primary's memory; what was handed out says `ERESTARTED` by itself. */
  forgetPrimary(): void {
    this.#attached = undefined;
  }

  close(): void {
    this.#attached?.detach();
    this.#attached = undefined;
  }

  #attach(): SharedMemory {
    const { filePrefix, runtimeDir, options, actions, whileWaiting } = this.#settings;
    const where = runtimeDir === undefined ? { filePrefix } : { filePrefix, runtimeDir };
    const memory = attachMemory({ ...options, ...where, whileWaiting });
    for (const name of MALLOC_SYNC_ACTIONS) actions.registerBuiltIn(name, this.#answerSync);
    return memory;
  }

  /** The primary has changed its memory and waits for every secondary to have followed. */
  readonly #answerSync: Handler = ({ param }) => {
    try {
      const request = decodeMallocSync(param);
      this.#attached?.sync();
      return { param: encodeMallocSync(request, MallocResult.SUCCESS) };
    } catch (error) {
      if (error instanceof MpError && error.code === 'EBADMSG') return IGNORE;
      throw error;
    }
  };
}
