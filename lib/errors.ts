import { MpError } from '../protocol/errors.js';
import type { RequestOutcome } from '../protocol/request-table.js';
import { type MpReply, type Received, Reply } from './messages/message.js';

/**
 * Error of a request that some peer did not answer in time: code `ETIMEDOUT`. {@link MpTimeoutError.reply} holds the
 * answers that did come.
 *
 * @example
 * try {
 *   await channel.request({ name: 'hello' }, { timeoutMs: 100 });
 * } catch (error) {
 *   if (error instanceof MpTimeoutError) console.error(`${error.reply.nbReceived} of ${error.reply.nbSent} answered`);
 * }
 */
export class MpTimeoutError extends MpError {
  /** The answers that came in time. Dispose of it if descriptors may be among them. */
  readonly reply: MpReply;

  static {
    MpTimeoutError.prototype.name = 'MpTimeoutError';
  }

  constructor(message: string, path: string | undefined, reply: MpReply) {
    super('ETIMEDOUT', message, path === undefined ? {} : { path });
    this.reply = reply;
  }
}

/** Error of every call on a closed channel. */
export function closedError(): MpError {
  return new MpError('ECANCELED', 'The channel is closed: open another one');
}

const NEXT_STEP: Readonly<Record<string, string>> = {
  EEXIST: 'Wait for the answer to the first one, use another name, or leave out exclusiveRequests',
  ECANCELED: 'The peer may still carry it out',
  ECONNREFUSED: 'The process that was there has died: restart it',
  ENOENT: 'The socket is gone. Remove a link without target from the runtime directory by hand',
  EBADF: 'Pass descriptors that are open',
  ENOBUFS: 'Await earlier sends before sending more',
  ETOOMANYREFS: 'Receivers must first read the descriptors that are under way',
};

/** Error of a send that failed with the errno name `code`. `what` names the message. */
export function sendError(code: string, what: string, peer: string | undefined): MpError {
  const where = peer === undefined ? '' : ` to ${peer}`;
  const hint = NEXT_STEP[code] ?? 'Check that the peer runs and that you may write to its socket';
  const details = peer === undefined ? {} : { path: peer };
  return new MpError(code, `${what}${where} failed: ${code}. ${hint}`, { syscall: 'sendmsg', ...details });
}

/** Outcome of a request that got no socket in time, so that nothing was sent. */
export const NOTHING_SENT: RequestOutcome<Received> = {
  status: 'timeout',
  nbSent: 0,
  nbReceived: 0,
  replies: [],
};

/** Returns the reply of a request that succeeded; throws {@link requestError} for any other. */
export function replyOf(outcome: RequestOutcome<Received>, name: string, timeoutMs: number): Reply {
  if (outcome.status !== 'done') throw requestError(outcome, name, timeoutMs);
  return new Reply(outcome.nbSent, outcome.replies);
}

/** Error of a request that failed. A timeout hands the replies to the caller; any other error closes their descriptors. */
export function requestError(outcome: RequestOutcome<Received>, name: string, timeoutMs: number): MpError {
  const { status, code = 'EIO', peer, nbSent, nbReceived, replies } = outcome;
  if (status === 'timeout') {
    if (nbSent === 0) {
      const where = peer === undefined ? '' : ` to ${peer}`;
      const unsent =
        `Request '${name}' could not be sent${where} within ${timeoutMs} ms: there was no room. ` +
        'Check that the peer reads its socket, or give a longer timeoutMs';
      return new MpTimeoutError(unsent, peer, new Reply(0, replies));
    }
    const who = peer === undefined ? '' : ` from ${peer}`;
    const message =
      `No answer to '${name}'${who} within ${timeoutMs} ms (${nbReceived} of ${nbSent} answered). ` +
      'Check that the action is registered there and that its handler replies, or give a longer timeoutMs';
    return new MpTimeoutError(message, peer, new Reply(nbSent, replies));
  }
  for (const reply of replies) reply.closeFds();
  return sendError(code, `Request '${name}'`, peer);
}

/** Throws on the next tick, outside of the calling code, so that the process handles it as an uncaught exception. */
export function throwUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
