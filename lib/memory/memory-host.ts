import { MpError } from '../../protocol/errors.js';
import type { Message } from '../../protocol/message.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import type { Actions } from '../actions/actions.js';
import type { MpReply } from '../messages/message.js';

/** What the shared memory of a channel needs of the channel. */
export interface MemoryHost {
  readonly actions: Actions;
  requestSync(message: Message, timeoutMs: number): MpReply;
  /** Sends a message to one secondary once its queue has room. A secondary that is gone is no error. */
  sendTo(message: Message, path: string): void;
  /** Whether a process receives at this path. */
  isListening(path: string): boolean;
  /** Emits `'error'`. */
  reportError(error: unknown): void;
  /** Emits `'warning'`. */
  warn(warning: MpError): void;
  /** Blocks for up to `ms` and answers requests meanwhile: a peer that holds a lock may be waiting for an answer. */
  wait(ms: number): void;
}

/** The shared memory of a channel: that of its primary, its own, or none. */
export interface MemorySource {
  /** Returns the memory; throws `MpError` if there is none. */
  get(): SharedMemory;
  /** Detaches or removes the memory; returns a promise if a thread has to end first. Closing twice is harmless. */
  close(): Promise<void> | undefined;
}

/** The memory of a primary that was opened without the option `memory`. */
export const NO_MEMORY: MemorySource = Object.freeze({
  get(): never {
    throw new MpError('ENOTSUP', 'This primary has no shared memory: open it with the option memory');
  },
  close: () => undefined,
});
