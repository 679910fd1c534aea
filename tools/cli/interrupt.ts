/**
 * For commands that run until Ctrl-C: what aborts at the first SIGINT or SIGTERM, which then is their normal end, and
 * no longer ends the process at once. A second one does.
 */
export function untilInterrupted(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => controller.abort());
  }
  return controller;
}
