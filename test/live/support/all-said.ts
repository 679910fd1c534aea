import type { CProcess } from '../../support/c-process.js';

/** Ends it, so that whatever it has written to stderr is there: that takes another way than answers do. */
export async function allSaid(peer: CProcess): Promise<void> {
  peer.kill('SIGKILL');
  await peer.exited;
}
