import { DIALECTS, dialectOf } from '../protocol/dialect.js';
import { MpError } from '../protocol/errors.js';
import { defaultRuntimeDir, runtimePath } from '../protocol/paths.js';
import type { MemoryPlan } from '../shm/primary/options.js';
import { removeIfEmpty } from '../sys/files.js';
import { assertPlatform } from '../sys/libc.js';
import { MpChannel } from './channel.js';
import { ChannelCore } from './channel-core.js';
import { closedError } from './errors.js';
import { ChannelMemory } from './memory/channel-memory.js';
import { type MemoryHost, NO_MEMORY } from './memory/memory-host.js';
import type { PrimaryMemory } from './memory/primary-memory.js';
import {
  type OpenOptions,
  type PrimaryOptions,
  type ResolvedOptions,
  resolveOptions,
  type SecondaryOptions,
} from './options.js';
import { DEFAULT_DIALECT, ToPrimary } from './peers/to-primary.js';
import { ToSecondaries } from './peers/to-secondaries.js';
import { AbstractNames, FilesystemNames } from './transport/socket-names.js';
import { SocketTransport } from './transport/socket-transport.js';
import type { Transport } from './transport/transport.js';

/**
 * Opens the IPC of a secondary process: C's `rte_mp_channel_init` with `--proc-type=secondary`. Succeeds without a
 * primary; the first request then says who is missing.
 *
 * Rejects with `EINVAL` or `ENAMETOOLONG` (options), `EVERSION` (a primary of an unknown release), `ENOTSUP` (a primary
 * that has disabled multi-process), `EACCES` and the like (runtime directory), `ETIMEDOUT` (the runtime directory stays
 * locked for 30 s), `ECANCELED` (aborted).
 *
 * @example
 * await using channel = await openSecondary({ filePrefix: 'rte' });
 * const { msgs } = await channel.request({ name: 'hello', param: 'from Node' });
 */
export async function openSecondary(options: SecondaryOptions = {}): Promise<MpChannel> {
  return openOn({ role: 'secondary', given: options });
}

/**
 * Opens the IPC of a primary process: C's `rte_mp_channel_init` with `--proc-type=primary`. Takes over what a dead
 * primary left behind.
 *
 * With the option `memory` it also makes the shared memory that secondaries attach: unmodified C processes of the release
 * that `memory.version` says, and Node ones. It lives until `close` or the end of the process.
 *
 * Rejects with `EADDRINUSE` while another primary of this prefix lives, else as {@link openSecondary}. With `memory` also
 * with `EBUSY` (secondaries of a dead primary still use its memory), `ENOMEM` (hugepages), `ENOSPC` (file system), `ELOOP` or
 * `ENOTDIR` (a link in the runtime directory), `ENOTSUP` (no hugetlbfs; in a
 * worker thread), `EVERSION` (a release that isn't known); whatever it had made is removed then.
 *
 * @example
 * await using channel = await openPrimary({ filePrefix: 'rte' });
 * channel.registerAction('hello', (msg) => ({ param: `Got '${msg.text()}'` }));
 *
 * @example
 * await using channel = await openPrimary({ filePrefix: 'rte', memory: { hugepages: 8, version: '22.11.11' } });
 * const zone = channel.memory.reserve('shared_info', 64); // C: rte_memzone_lookup("shared_info")
 */
export async function openPrimary(options: PrimaryOptions = {}): Promise<MpChannel> {
  return openOn({ role: 'primary', given: options });
}

/** Opens a channel on sockets, or in process on a transport that is made for its runtime directory. */
export async function openOn(
  asked: OpenOptions,
  inProcess?: (directory: string) => Transport,
): Promise<MpChannel> {
  const options = resolveOptions(asked);
  const directory = directoryOf(options);
  if (options.signal?.aborted) throw closedError();
  if (asked.role === 'secondary') return openAsSecondary(options, directory, inProcess?.(directory));
  const { primaryMemory: plan } = options;
  if (plan === undefined) return openAsPrimary(options, directory, inProcess?.(directory));
  if (inProcess !== undefined) throw noMemoryInProcess();
  return openWithMemory(plan, options, directory);
}

async function openAsSecondary(
  options: ResolvedOptions,
  directory: string,
  inProcess: Transport | undefined,
): Promise<MpChannel> {
  const transport = inProcess ?? socketTransport(directory, options);
  const configPath = inProcess === undefined ? `${directory}/config` : undefined;
  const isPeer = options.visibility === 'peer';
  const announces = isPeer && options.socketNamespace === 'filesystem';
  const peers = new ToPrimary(transport, options.dialect, configPath, announces);
  peers.look(); // before there is a socket that the primary could wait for
  const publicEndpoint = isPeer ? await transport.bindPublic('secondary', options.signal) : undefined;
  const trustedUids = trustedUidsOf(options, inProcess);
  const memory = (host: MemoryHost) => new ChannelMemory(options, host);
  const core = new ChannelCore({ transport, peers, options, publicEndpoint, trustedUids, memory });
  core.hotplugRequests.serve(core.actions);
  return new MpChannel('secondary', core, options, configPath);
}

async function openAsPrimary(
  options: ResolvedOptions,
  directory: string,
  inProcess: Transport | undefined,
): Promise<MpChannel> {
  const transport = inProcess ?? socketTransport(directory, options);
  const peers = new ToSecondaries(
    transport,
    options.dialect === 'auto' ? DEFAULT_DIALECT : DIALECTS[options.dialect],
  );
  const publicEndpoint = await transport.bindPublic('primary', options.signal);
  const trustedUids = trustedUidsOf(options, inProcess);
  const memory = () => NO_MEMORY;
  const core = new ChannelCore({ transport, peers, options, publicEndpoint, trustedUids, memory });
  return new MpChannel('primary', core, options, undefined);
}

/** Makes the shared memory once the socket is ours, so that no other process can become the primary meanwhile. */
async function openWithMemory(
  plan: MemoryPlan,
  options: ResolvedOptions,
  directory: string,
): Promise<MpChannel> {
  const { signal, filePrefix, runtimeDir } = options;
  const transport = socketTransport(directory, options);
  const peers = new ToSecondaries(transport, dialectOf(plan.versionWord));
  const socket = await transport.bindPublic('primary', signal);
  let memory: PrimaryMemory | undefined;
  try {
    const { PrimaryMemory } = await import('./memory/primary-memory.js'); // a third of the package, that few need
    const created = await PrimaryMemory.create(plan, { filePrefix, runtimeDir, directory }, socket);
    memory = created;
    if (signal?.aborted) throw closedError();
    const publicEndpoint = created.endpoint ?? socket;
    const parts = { transport, peers, options, publicEndpoint, trustedUids: undefined };
    const core = new ChannelCore({ ...parts, memory: () => created });
    created.publish(core);
    return new MpChannel('primary', core, options, `${directory}/config`);
  } catch (error) {
    await memory?.discard();
    (memory?.endpoint ?? socket).close();
    removeIfEmpty(directory);
    throw error;
  }
}

/** In the abstract namespace no file permission keeps other users away. */
function trustedUidsOf(options: ResolvedOptions, inProcess: Transport | undefined): number[] | undefined {
  const isAbstract = options.socketNamespace === 'abstract' && inProcess === undefined;
  return isAbstract ? [0, process.getuid?.() ?? 0] : undefined;
}

function noMemoryInProcess(): MpError {
  return new MpError(
    'ENOTSUP',
    'Channels of a memory network have no shared memory: leave out the option memory, or open channels on sockets',
  );
}

function socketTransport(directory: string, { socketNamespace }: ResolvedOptions): SocketTransport {
  assertPlatform();
  const names =
    socketNamespace === 'abstract' ? new AbstractNames(directory) : new FilesystemNames(directory);
  names.check(); // before anything in it is read
  return new SocketTransport(directory, names);
}

function directoryOf({ runtimeDir, filePrefix }: ResolvedOptions): string {
  return runtimePath(runtimeDir ?? defaultRuntimeDir(process.env, process.getuid?.() ?? 0), filePrefix);
}
