#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { MpError } from '../../protocol/errors.js';
import { addConformance } from './conformance.js';
import { addHotplug } from './hotplug.js';
import { printError } from './output.js';

/** Of errors, be they the user's or the machine's; 1 is for a command that has found something wrong. */
const EXIT_ERROR = 2;

// what is bound in somebody's runtime directory goes away in an exit handler
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const program = new Command('dpdk-ipc')
  .description("DPDK's multi-process IPC from the command line")
  .version(versionOfPackage())
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_ERROR));
addConformance(program);
addHotplug(program);

try {
  await program.parseAsync();
} catch (error) {
  printError(error instanceof MpError ? `dpdk-ipc: ${error.message}` : String(error));
  process.exitCode = EXIT_ERROR;
}

/** From the package.json above us, as built (dist/lib/cli) or not. */
function versionOfPackage(): string {
  for (const up of ['../../../package.json', '../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        version: string;
      };
      return version;
    } catch {
      // the other one, then
    }
  }
  return '?';
}
