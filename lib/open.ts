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
import { AbstractTransport, FilesystemTransport } from './transport/socket-names.js';
import type { SocketTransport } from './transport/socket-transport.js';
import type { Transport } from './transport/transport.js';

/**
 * Opens the IPC of a secondary process: C's `rte_mp_channel_init` with `--proc-type=secondary`. It resolves without a
 * primary, too; then the first request rejects.
 *
 * Rejects with `EINVAL` or `ENAMETOOLONG` for bad options, `EVERSION` for a primary of an unknown release, `ENOTSUP` for a
 * primary that has disabled multi-process, `EACCES` or another errno for the runtime directory, `ETIMEDOUT` if the runtime
 * directory stays locked for 30 s, `ECANCELED` if the signal is aborted.
 *
 * @example
 * await using channel = await openSecondary({ filePrefix: 'rte' });
 * const { msgs } = await channel.request({ name: 'hello', param: 'from Node' });
 */
export async function openSecondary(options: SecondaryOptions = {}): Promise<MpChannel> {
  return openOn({ role: 'secondary', given: options });
}

/**
 * Opens the IPC of a primary process: C's `rte_mp_channel_init` with `--proc-type=primary`. It takes over the files that a
 * dead primary left behind.
 *
 * With the option `memory` it also makes shared memory, which secondaries attach: Node processes, and unmodified C processes
 * of the release in `memory.version`. The memory lives until `close` or the end of the process.
 *
 * Rejects with `EADDRINUSE` while another primary of this prefix lives, and with the errors of {@link openSecondary}. With
 * `memory` it also rejects with `EBUSY` if secondaries of a dead primary still use its memory, `ENOMEM` without enough free
 * hugepages, `ENOSPC` if a file system is full, `ELOOP` or `ENOTDIR` for a link in the runtime directory, `ENOTSUP` without
 * hugetlbfs or in a worker thread, `EVERSION` for an unknown release. It then removes all that it had made.
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

/** Opens a channel: on sockets, or on the transport that `inProcess` makes for its runtime directory. */
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
  peers.look(); // may throw, so before the primary sees a socket that it would wait for
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

/** Binds the primary's socket first, so that no other process can become the primary while this one makes the memory. */
async function openWithMemory(
  plan: MemoryPlan,
  options: ResolvedOptions,
  directory: string,
): Promise<MpChannel> {
  const { signal } = options;
  const transport = socketTransport(directory, options);
  const peers = new ToSecondaries(transport, dialectOf(plan.versionWord));
  const socket = await transport.bindPublic('primary', signal);
  let memory: PrimaryMemory | undefined;
  try {
    const { PrimaryMemory } = await import('./memory/primary-memory.js'); // a third of the package, which few programs need
    const created = await PrimaryMemory.create(plan, options, directory, socket);
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

/** Users to trust in the abstract namespace, where no file permission keeps others away: root and this process's own. */
function trustedUidsOf(options: ResolvedOptions, inProcess: Transport | undefined): number[] | undefined {
  const isAbstract = options.socketNamespace === 'abstract' && inProcess === undefined;
  return isAbstract ? [0, process.getuid?.() ?? 0] : undefined;
}

function noMemoryInProcess(): MpError {
  return new MpError(
    'ENOTSUP',
    'Channels of createMemoryNetwork have no shared memory: leave out the option memory, or use openPrimary of dpdk-ipc',
  );
}

function socketTransport(directory: string, { socketNamespace }: ResolvedOptions): SocketTransport {
  assertPlatform();
  const Sockets = socketNamespace === 'abstract' ? AbstractTransport : FilesystemTransport;
  const transport = new Sockets(directory);
  transport.check(); // before any file in the directory is read
  return transport;
}

function directoryOf({ runtimeDir, filePrefix }: ResolvedOptions): string {
  return runtimePath(runtimeDir ?? defaultRuntimeDir(process.env, process.getuid?.() ?? 0), filePrefix);
}
