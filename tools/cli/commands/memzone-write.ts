import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { MpError } from '../../../protocol/errors.js';
import { EXIT_FINDING } from '../exit.js';
import { hexdump, toHex } from '../format-bytes.js';
import { attach, type RangeOptions, readZone, withMemory } from '../memzone-options.js';
import { type PayloadOptions, payloadBytes, withPayload } from '../message-options.js';
import { parseBytes, withJson } from '../options.js';
import { print, printError, printJson } from '../output.js';
import { STRUCT_HELP } from '../struct.js';

interface Options extends Omit<RangeOptions, 'length'>, PayloadOptions {
  readonly yes?: boolean;
}

const ABOUT = `Writes bytes into a memzone, at once for every process that has it mapped. It shows the
bytes before and after, and writes only if you say yes: to the question on a terminal,
or with --yes. It takes no lock of the application, and does not write several bytes
atomically: a reader may see half of them.`;

const EXAMPLES = `
${STRUCT_HELP}

Examples:
  $ dpdk-ipc memzone write shared_info --offset 0 --struct u32:1
  $ dpdk-ipc memzone write names --offset 0x40 --text eth0 --yes

Exit status: 0 written, 1 you said no, 2 it could not write.`;

/** Adds `memzone write`. */
export function addMemzoneWrite(memzone: Command): void {
  const command = memzone
    .command('write')
    .summary('write bytes, after asking')
    .description(ABOUT)
    .argument('<zone>', 'its name')
    .requiredOption('--offset <bytes>', 'where to begin: 64, 0x40, 4k, 2M', parseBytes);
  withJson(withMemory(withPayload(command)))
    .option('-y, --yes', 'write without asking')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const bytes = payloadBytes(options);
  if (bytes === undefined || bytes.length === 0) {
    throw new MpError('EINVAL', 'There is nothing to write: give --text, --hex, --file or --struct');
  }
  const { offset } = options;
  using memory = attach(options, true);
  const { zone, bytes: before } = readZone(memory, name, { offset, length: bytes.length });
  // before the write: toHex may throw
  const record = options.json
    ? { zone: name, offset, length: bytes.length, before: toHex(before), hex: toHex(bytes) }
    : undefined;
  if (!options.yes) {
    printError(
      `${bytes.length} bytes at offset ${offset} of memzone '${name}' are\n${hexdump(before, offset)}`,
    );
    printError(`and would become\n${hexdump(bytes, offset)}`);
    if (!(await isConfirmed())) {
      process.exitCode = EXIT_FINDING;
      printError('Nothing was written.');
      return;
    }
  }
  zone.bytes.set(bytes, offset);
  if (record !== undefined) printJson(record);
  else print(`wrote ${bytes.length} bytes at offset ${offset} of memzone '${name}'`);
}

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new MpError('EINVAL', 'Nothing was written: there is no terminal to ask at, so add --yes');
  }
  const question = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    question.once('SIGINT', () => process.kill(process.pid, 'SIGINT')); // ends the process, as in other commands
    question.once('close', () => resolve(false)); // Ctrl-D means no
    question.question('Write? [y/N] ', (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()));
      question.close();
    });
  });
}
