import { MpError } from '../protocol/errors.js';
import type { RequestOutcome } from '../protocol/request-table.js';
import { type MpReply, type Received, Reply } from './messages/message.js';

const NEXT_STEP: Readonly<Record<string, string>> = {
  EEXIST: 'Wait for its answer, use another name, or leave out exclusiveRequests',
  ECANCELED: 'It may still be carried out by the peer',
  ECONNREFUSED: 'The process that was there has died: restart it',
  ENOENT: 'Nothing is there any more: a link without target in the runtime directory must be removed by hand',
  EBADF: 'Pass descriptors that are open',
  ENOBUFS: 'Await earlier sends before sending more',
  ETOOMANYREFS: 'Receivers must read descriptors that are under way first',
};

/** The outcome of a request that did not get as far as being sent in time. */
export const NOTHING_SENT: RequestOutcome<Received> = {
  status: 'timeout',
  nbSent: 0,
  nbReceived: 0,
  replies: [],
};

/** What a request resolves to; throws what it is rejected with. */
export function replyOf(outcome: RequestOutcome<Received>, name: string, timeoutMs: number): Reply {
  if (outcome.status !== 'done') throw requestError(outcome, name, timeoutMs);
  return new Reply(outcome.nbSent, outcome.replies);
}

/** What a request that did not end well is rejected with. The replies of a timeout are the user's to look at. */
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

/** A send that failed with the errno name `code`. */
export function sendError(code: string, what: string, peer: string | undefined): MpError {
  const where = peer === undefined ? '' : ` to ${peer}`;
  const hint = NEXT_STEP[code] ?? 'Check that the peer runs and that you may write to its socket';
  const details = peer === undefined ? {} : { path: peer };
  return new MpError(code, `${what}${where} failed: ${code}. ${hint}`, { syscall: 'sendmsg', ...details });
}

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

/** Throws with nobody on the stack: for errors that are the process's to catch. */
export function throwUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** What every call on a closed channel ends with. */
export function closedError(): MpError {
  return new MpError('ECANCELED', 'The channel is closed: open another one');
}
