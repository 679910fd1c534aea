import type { Command } from 'commander';
import { type MessageOptions, messageOf, openChannel, withMessage } from '../message-options.js';
import { print, printJson, visible } from '../output.js';
import { STRUCT_HELP } from '../struct.js';

const ABOUT = `Sends the primary a message that has no answer: whether the primary knows the name, and
what it does with the message, stays unknown.`;

const EXAMPLES = `
${STRUCT_HELP}

Examples:
  $ dpdk-ipc send link_up --struct u16:0,u16:10000
  $ dpdk-ipc send use_config --fd ./config.json

Exit status: 0 it is in the primary's queue, 2 not sent.`;

/** Adds `send`. */
export function addCommand(program: Command): void {
  const command = program.command('send').description(ABOUT).argument('<name>', "the action's name");
  withMessage(command).addHelpText('after', EXAMPLES).action(run);
}

async function run(name: string, options: MessageOptions): Promise<void> {
  const message = messageOf(name, options);
  await using channel = await openChannel(options);
  const to = channel.peers()[0]?.path; // the primary may end as soon as it has the message
  await channel.sendMessage(message, { timeoutMs: options.timeout });
  if (options.json) printJson({ sent: true, name, to });
  else print(`sent '${visible(name)}' to ${to}`);
}
