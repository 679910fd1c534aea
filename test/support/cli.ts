// The command line as a user runs it, from its sources.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));

/** What makes Node take TypeScript: for `--import`. */
export const REGISTER = new URL('../register.mjs', import.meta.url).href;

export interface Ended {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dpdk-ipc` with these arguments to its end. */
export function runCli(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', REGISTER, MAIN, ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.code ?? 'killed'), stdout, stderr });
    });
  });
}
