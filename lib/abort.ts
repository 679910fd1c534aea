import { setMaxListeners } from 'node:events';

/** Calls `listener` once when `signal` is aborted. One signal may well serve more calls than Node warns about. */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
}
