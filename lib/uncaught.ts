/** Throws with nobody on the stack: for errors that are the process's to catch. */
export function throwUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
