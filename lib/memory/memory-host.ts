import { MpError } from '../../protocol/errors.js';
import type { Message } from '../../protocol/message.js';
import type { SharedMemory } from '../../shm/attach/shared-memory.js';
import type { Actions } from '../actions/actions.js';
import type { MpReply } from '../messages/message.js';

/** What the shared memory of a channel asks of the channel. */
export interface MemoryHost {
  readonly actions: Actions;
  requestSync(message: Message, timeoutMs: number): MpReply;
  /** Sends a message to one secondary as soon as its queue has room. One that is gone meanwhile needs none. */
  sendTo(message: Message, path: string): void;
  /** Whether a process has its socket at this path. */
  isListening(path: string): boolean;
  reportError(error: unknown): void;
  warn(warning: MpError): void;
  /** Blocks for up to so many milliseconds, answering what comes in: a peer that holds a lock may wait for an answer. */
  wait(ms: number): void;
}

/** The shared memory of a channel: that of its primary, its own, or none. */
export interface MemorySource {
  /** Returns the memory; throws where there is none. */
  get(): SharedMemory;
  /** Returns a promise where there is a thread to wait for. Closing twice is harmless. */
  close(): Promise<void> | undefined;
}

/** The memory of a primary that was opened without the option `memory`. */
export const NO_MEMORY: MemorySource = Object.freeze({
  get(): never {
    throw new MpError('ENOTSUP', 'This primary has no shared memory: open it with the option memory');
  },
  close: () => undefined,
});
