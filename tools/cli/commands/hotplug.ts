import type { Command } from 'commander';
import { type Hotplug, hotplug } from '../../../lib/hotplug/hotplug.js';
import { MpError } from '../../../protocol/errors.js';
import { openChannel } from '../message-options.js';
import { type PrefixOptions, withJson, withPrefix, withTime } from '../options.js';
import { Progress, print, printError, printJson, visible } from '../output.js';

interface Options extends PrefixOptions {
  readonly timeout: number;
}

const LIST_TIMEOUT_MS = 5_000;
/** A primary with a silent secondary answers after 10 s. */
const CHANGE_TIMEOUT_MS = 15_000;
const TIMEOUT = 'how long to wait for the primary';

const DEVARGS = `DEVARGS is what EAL takes after --vdev or -a, such as net_null1,size=64,
vdev:net_null1 or 0000:01:00.0.`;

const ABOUT = `Attaches devices to a C primary and all its secondaries, and detaches them. ${DEVARGS}`;

const ABOUT_LIST = `Prints the names of the primary's virtual devices, one a line. A primary sends its
secondaries no others. All secondaries get the names again, as whenever one starts.`;

const ABOUT_ATTACH = `Has the primary and all its secondaries attach a device. A device that is attached
already is no error. ${DEVARGS}`;

const ABOUT_DETACH = `Has all secondaries detach a device, then the primary. Stop its ports before.
DEVARGS is its name, or the text it was attached with.`;

const STATUS = `
Exit status: 0 done, 2 not done, or unknown: the error says which.`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc hotplug attach vdev:net_null1 --file-prefix rte
  $ dpdk-ipc hotplug list --json
  $ dpdk-ipc hotplug detach net_null1

Exit status: 0 done, 2 not done.`;

/** Adds `hotplug list`, `hotplug attach` and `hotplug detach`. */
export function addCommand(program: Command): void {
  const group = program.command('hotplug').description(ABOUT).addHelpText('after', EXAMPLES);
  const listing = group.command('list').summary('print its virtual devices').description(ABOUT_LIST);
  withJson(withTime(withPrefix(listing), TIMEOUT, LIST_TIMEOUT_MS))
    .addHelpText('after', '\nExit status: 0 listed, 2 not listed.')
    .action(list);
  addChange(group, 'attach', ABOUT_ATTACH);
  addChange(group, 'detach', ABOUT_DETACH);
}

function addChange(group: Command, verb: 'attach' | 'detach', about: string): void {
  const command = group.command(verb).summary(`${verb} a device`).description(about);
  withJson(withTime(withPrefix(command.argument('<devargs>', 'see above')), TIMEOUT, CHANGE_TIMEOUT_MS))
    .addHelpText('after', STATUS)
    .action((devargs: string, options: Options) => change(verb, devargs, options));
}

async function list(options: Options): Promise<void> {
  const timeoutMs = options.timeout;
  // a public secondary: the primary broadcasts the names
  const devices = await withHotplug({ ...options, peer: true }, 'listing', (on) => on.list({ timeoutMs }));
  if (options.json) printJson(devices);
  else if (devices.length === 0) printError('The primary has no virtual devices.');
  else for (const { name } of devices) print(visible(name));
}

async function change(verb: 'attach' | 'detach', devargs: string, options: Options): Promise<void> {
  const timeoutMs = options.timeout;
  // private: the primary asks its secondaries, and must not wait for this one
  await withHotplug(options, `${verb} ${devargs}`, (on) => on[verb](devargs, { timeoutMs }));
  if (options.json) printJson({ [`${verb}ed`]: devargs });
  else print(`${verb}ed ${visible(devargs)}`);
}

async function withHotplug<T>(
  options: PrefixOptions & { readonly peer?: boolean },
  what: string,
  work: (on: Hotplug) => Promise<T>,
): Promise<T> {
  using progress = new Progress();
  const ticking = setInterval(() => progress.show(`${what}: waiting for the primary`), 500);
  try {
    if (options.peer) await assertPrimaryExists(options);
    await using channel = await openChannel(options);
    return await work(hotplug(channel));
  } finally {
    clearInterval(ticking);
  }
}

/** Throws `ENOENT` for a misspelt prefix: a public secondary would make its runtime directory. */
async function assertPrimaryExists(options: PrefixOptions): Promise<void> {
  await using channel = await openChannel({ ...options, peer: false });
  if (channel.peers().length > 0) return;
  const hint = 'start it, or check --file-prefix, --runtime-dir and the user that it runs as';
  throw new MpError('ENOENT', `There is no primary under the prefix '${options.filePrefix}': ${hint}`);
}
