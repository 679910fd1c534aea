import { type Command, InvalidArgumentError } from 'commander';
import { MpError } from '../../protocol/errors.js';
import type { MpChannel } from '../channel.js';
import { type Hotplug, hotplug } from '../hotplug.js';
import { openSecondary } from '../open.js';
import { Progress, print } from './output.js';

interface Options {
  readonly filePrefix: string;
  readonly runtimeDir?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

const ABOUT = `Attaches devices to the C primary that runs under a file prefix, and detaches them, with all its secondaries.
DEVARGS is what EAL takes after --vdev or -a: net_null1,size=64 or vdev:net_null1 or 0000:01:00.0.
The list is of virtual devices: a primary tells its secondaries of no others.

Exit status: 0 done, 2 not done.`;

const EXAMPLES = `
Examples:
  $ dpdk-ipc hotplug attach vdev:net_null1 --file-prefix rte
  $ dpdk-ipc hotplug list --json
  $ dpdk-ipc hotplug detach net_null1`;

/** Adds `hotplug list`, `hotplug attach` and `hotplug detach`. */
export function addHotplug(program: Command): void {
  const group = program
    .command('hotplug')
    .summary('list, attach and detach devices of a running primary')
    .description(ABOUT)
    .addHelpText('after', EXAMPLES);
  withOptions(group.command('list').summary('print its virtual devices').description(ABOUT)).action(list);
  withOptions(
    group.command('attach').summary('attach a device').description(ABOUT).argument('<devargs>'),
  ).action((devargs: string, options: Options) => change('attach', devargs, options));
  withOptions(
    group.command('detach').summary('detach a device').description(ABOUT).argument('<devargs>'),
  ).action((devargs: string, options: Options) => change('detach', devargs, options));
}

function withOptions(command: Command): Command {
  return command
    .option('--file-prefix <prefix>', "the primary's --file-prefix", 'rte')
    .option(
      '--runtime-dir <dir>',
      'the directory that holds <prefix>/mp_socket (default: as DPDK chooses it)',
    )
    .option(
      '--timeout <ms>',
      'how long to wait for the answer (default: 15000, for a list 5000)',
      milliseconds,
    )
    .option('--json', 'print the result as JSON');
}

async function list(options: Options): Promise<void> {
  // a peer: the names are broadcast
  const devices = await withHotplug(options, 'peer', 'listing', (on) => on.list(timeoutOf(options)));
  if (options.json) print(JSON.stringify(devices, undefined, 2));
  else for (const { name } of devices) print(name);
}

async function change(verb: 'attach' | 'detach', devargs: string, options: Options): Promise<void> {
  // private: the primary doesn't wait for us while it asks its secondaries
  await withHotplug(options, 'private', `${verb} ${devargs}`, (on) => on[verb](devargs, timeoutOf(options)));
  print(options.json ? JSON.stringify({ [`${verb}ed`]: devargs }) : `${verb}ed ${devargs}`);
}

function timeoutOf({ timeout }: Options): { timeoutMs?: number } {
  return timeout === undefined ? {} : { timeoutMs: timeout };
}

async function withHotplug<T>(
  { filePrefix, runtimeDir }: Options,
  visibility: 'peer' | 'private',
  what: string,
  work: (on: Hotplug) => Promise<T>,
): Promise<T> {
  const progress = new Progress();
  const ticking = setInterval(() => progress.show(`${what}: waiting for the primary`), 500);
  let channel: MpChannel | undefined;
  try {
    if (visibility === 'peer') await findPrimary(filePrefix, runtimeDir);
    channel = await openSecondary({ filePrefix, runtimeDir, visibility });
    return await work(hotplug(channel));
  } finally {
    clearInterval(ticking);
    progress.end();
    await channel?.close();
  }
}

/** A peer makes the runtime directory where there is none: a misspelt prefix shouldn't leave one behind. */
async function findPrimary(filePrefix: string, runtimeDir: string | undefined): Promise<void> {
  const channel = await openSecondary({ filePrefix, runtimeDir, visibility: 'private' });
  const isThere = channel.peers().length > 0;
  await channel.close();
  if (isThere) return;
  const hint = 'start it, or check --file-prefix, --runtime-dir and the user that it runs as';
  throw new MpError('ENOENT', `No primary runs under the prefix '${filePrefix}': ${hint}`);
}

function milliseconds(text: string): number {
  const ms = Number(text);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('Give milliseconds above 0.');
}
