import { setMaxListeners } from 'node:events';
import { MpError } from '../protocol/errors.js';

/** Calls `listener` once when `signal` is aborted. One signal may well serve more calls than Node warns about. */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
}

/** Throws `EINVAL` for what is no signal, before anything depends on it. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new MpError('EINVAL', `The signal is ${String(signal)}: give an AbortSignal, or leave it out`);
}

/** Throws `ECANCELED` if the caller has given up already. */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new MpError('ECANCELED', 'Aborted by its signal before anything was sent', {
      cause: signal.reason,
    });
  }
}
