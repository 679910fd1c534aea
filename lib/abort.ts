import { setMaxListeners } from 'node:events';
import { invalid, MpError } from '../protocol/errors.js';

/** Throws `EINVAL` for a signal that is given and is no `AbortSignal`. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalid(`The signal is ${String(signal)}: give an AbortSignal, or leave it out`);
}

/** Throws `ECANCELED` if the signal is aborted already. */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    const message = 'The signal was aborted before anything was sent: call again with another one';
    throw new MpError('ECANCELED', message, { cause: signal.reason });
  }
}

/**
 * Calls `listener` once when `signal` is aborted. Lifts Node's limit of listeners, because many calls may share a signal.
 */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
}
