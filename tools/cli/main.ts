#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { COMMANDS } from './commands/index.js';
import { EXIT_ERROR, reportError } from './failure.js';
import { endWithoutReader } from './output.js';

const args = process.argv.slice(2);
endWithoutReader((error) => reportError(error, args));
// what is bound in somebody's runtime directory goes away in an exit handler
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const EXAMPLES = `
Examples:
  $ dpdk-ipc ls
  $ dpdk-ipc doctor --file-prefix rte
  $ dpdk-ipc request hello_request --text 'Hello from the shell'

Results go to stdout, everything else to stderr. Exit status: 0 success,
1 something wrong was found or less was got than asked for, 2 it could not be
done.`;

const program = new Command('dpdk-ipc')
  .description("DPDK's multi-process IPC and shared memory from the command line")
  .version(versionOfPackage())
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_ERROR))
  .addHelpText('after', EXAMPLES);

await addCommands(program, args);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, args);
}

/** The one that is called, in full; of the others `--help` needs name and summary. */
async function addCommands(to: Command, words: readonly string[]): Promise<void> {
  const called = words.filter((word) => !word.startsWith('-')).slice(0, 2);
  for (const { name, summary, load } of COMMANDS) {
    if (called.includes(name)) (await load())(to);
    else to.command(name);
    const command = to.commands.at(-1);
    command?.summary(summary);
    for (const each of [command, ...(command?.commands ?? [])]) each?.description(prose(each.description()));
  }
}

/** Paragraphs without their line breaks: they are broken anew to fit the terminal. */
function prose(text: string): string {
  return text.replaceAll(/(?<=\S)\n(?=\S)/g, ' ');
}

/** From the package.json above us, as built (dist/tools/cli) or not. */
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
