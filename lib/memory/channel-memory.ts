import {
  decodeMallocSync,
  encodeMallocSync,
  MALLOC_SYNC_ACTIONS,
  MallocResult,
} from '../../protocol/eal/malloc.js';
import { MpError } from '../../protocol/errors.js';
import { attachMemory } from '../../shm/attach/attach.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import { type Handler, IGNORE } from '../actions/actions.js';
import type { ResolvedOptions } from '../options.js';
import type { MemoryHost, MemorySource } from './memory-host.js';

/** The primary's memory, attached when it is first asked for, and again after the primary was replaced. */
export class ChannelMemory implements MemorySource {
  readonly #options: ResolvedOptions;
  readonly #host: MemoryHost;
  #attached: SharedMemory | undefined;
  #isAttaching = false;
  #isClosed = false;

  constructor(options: ResolvedOptions, host: MemoryHost) {
    this.#options = options;
    this.#host = host;
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
    const { filePrefix, runtimeDir, memory: options } = this.#options;
    const whileWaiting = (ms: number) => this.#host.wait(ms);
    const memory = attachMemory({ ...options, filePrefix, runtimeDir, whileWaiting });
    for (const name of MALLOC_SYNC_ACTIONS) this.#host.actions.registerBuiltIn(name, this.#answerSync);
    return memory;
  }

  /** The primary has changed its memory and waits for every secondary to have followed: it gets an answer in any case. */
  readonly #answerSync: Handler = ({ param }) => {
    try {
      const request = decodeMallocSync(param);
      this.#attached?.sync();
      return { param: encodeMallocSync(request, MallocResult.SUCCESS) };
    } catch (error) {
      this.#host.reportError(error);
      return IGNORE;
    }
  };
}
