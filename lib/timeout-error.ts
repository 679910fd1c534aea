import { MpError } from '../protocol/errors.js';
import type { MpReply } from './messages/message.js';

/** `ETIMEDOUT`: not everybody answered a request in time. `reply` holds the answers that did come. */
export class MpTimeoutError extends MpError {
  /** What did come; dispose of it if descriptors may be among it. */
  readonly reply: MpReply;

  static {
    MpTimeoutError.prototype.name = 'MpTimeoutError';
  }

  constructor(message: string, path: string | undefined, reply: MpReply) {
    super('ETIMEDOUT', message, path === undefined ? {} : { path });
    this.reply = reply;
  }
}
