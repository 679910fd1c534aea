#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { COMMANDS } from './commands/index.js';
import { EXIT_ERROR, reportError } from './exit.js';
import { endWhenOutputFails } from './output.js';

const args = process.argv.slice(2);
endWhenOutputFails((error) => reportError(error, args));
// an exit handler removes our sockets from the runtime directory
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const EXAMPLES = `
Examples:
  $ dpdk-ipc ls
  $ dpdk-ipc doctor --file-prefix rte
  $ dpdk-ipc request hello_request --text 'Hello from the shell'

Results go to stdout, everything else to stderr. Exit status: 0 success,
1 the command found something wrong or got less than it asked for, 2 it
could not do its work.`;

const program = new Command('dpdk-ipc')
  .description("DPDK's multi-process IPC and shared memory from the command line")
  .version(packageVersion())
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_ERROR))
  .addHelpText('after', EXAMPLES);

await addCommands(program, args);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, args);
}

/** Adds the called command in full; for the others only the name and summary, which `--help` needs. */
async function addCommands(to: Command, words: readonly string[]): Promise<void> {
  const called = words.filter((word) => !word.startsWith('-')).slice(0, 2);
  for (const [name, [summary, load]] of Object.entries(COMMANDS)) {
    if (called.includes(name)) (await load()).addCommand(to);
    else to.command(name);
    const command = to.commands.at(-1);
    command?.summary(summary);
    for (const each of [command, ...(command?.commands ?? [])])
      each?.description(joinLines(each.description()));
  }
}

/** Joins the lines of each paragraph: commander breaks them anew to fit the terminal. */
function joinLines(text: string): string {
  return text.replaceAll(/(?<=\S)\n(?=\S)/g, ' ');
}

/** The version in package.json, seen from dist/tools/cli or from the sources. */
function packageVersion(): string {
  for (const up of ['../../../package.json', '../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        version: string;
      };
      return version;
    } catch {
      // try the other path
    }
  }
  return '?';
}
