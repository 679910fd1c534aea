import { dialectOf } from '../protocol/dialect.js';
import { MpError } from '../protocol/errors.js';
import { defaultRuntimeDir, runtimePath } from '../protocol/paths.js';
import type { MemoryPlan } from '../shm/primary/options.js';
import { removeIfEmpty } from '../sys/files.js';
import { assertPlatform } from '../sys/libc.js';
import { MpChannel } from './channel.js';
import { ChannelCore, type CoreOptions } from './channel-core.js';
import { closedError } from './errors.js';
import type { PrimaryMemory } from './memory/primary-memory.js';
import {
  type OpenOptions,
  type PrimaryOptions,
  type ResolvedOptions,
  resolveOptions,
  type SecondaryOptions,
} from './options.js';
import { PrimaryLink } from './peers/primary-link.js';
import { SocketEndpoint } from './transport/socket-endpoint.js';
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

/** Opens a channel on sockets, or on whatever transport is made for its runtime directory. */
export async function openOn(
  asked: OpenOptions,
  inMemory?: (directory: string) => Transport,
): Promise<MpChannel> {
  const { role } = asked;
  const options = resolveOptions(asked);
  const { signal, socketNamespace, primaryMemory: plan } = options;
  const directory = directoryOf(options);
  if (signal?.aborted) throw closedError();
  const isAbstract = socketNamespace === 'abstract';
  const isSocket = inMemory === undefined;
  if (plan !== undefined && !isSocket) throw noMemoryInMemory();
  const transport = inMemory?.(directory) ?? socketTransport(directory, isAbstract);
  const configPath =
    (role === 'secondary' || plan !== undefined) && isSocket ? `${directory}/config` : undefined;
  const isPeer = options.visibility === 'peer';
  const link = new PrimaryLink({
    transport,
    dialect: plan === undefined ? options.dialect : dialectOf(plan.versionWord).id,
    configPath: role === 'secondary' ? configPath : undefined,
    announce: isPeer && !isAbstract,
  });
  if (role === 'secondary') link.refresh(); // before there is a socket that the primary could wait for
  const publicEndpoint = isPeer ? await transport.bindPublic(role, signal) : undefined;
  const trustedUids = isAbstract && isSocket ? [0, process.getuid?.() ?? 0] : undefined;
  const parts: CoreOptions = { role, transport, options, link, trustedUids, publicEndpoint };
  if (plan === undefined || !(publicEndpoint instanceof SocketEndpoint))
    return new MpChannel(new ChannelCore(parts), configPath);
  const primaryMemory = await memoryFor(plan, options, directory, publicEndpoint);
  return openWith(
    primaryMemory,
    { ...parts, publicEndpoint: primaryMemory.endpoint ?? publicEndpoint },
    directory,
  );
}

/** Lets secondaries in, or leaves nothing behind. */
async function openWith(
  primaryMemory: PrimaryMemory,
  parts: CoreOptions,
  directory: string,
): Promise<MpChannel> {
  try {
    if (parts.options.signal?.aborted) throw closedError();
    return new MpChannel(new ChannelCore({ ...parts, primaryMemory }), `${directory}/config`);
  } catch (error) {
    await primaryMemory.discard();
    parts.publicEndpoint?.close();
    removeIfEmpty(directory);
    throw error;
  }
}

function noMemoryInMemory(): MpError {
  return new MpError(
    'ENOTSUP',
    'Channels in memory have no shared memory: leave out the option memory, or open channels on sockets',
  );
}

/** Nobody else can become the primary now that the socket is ours. */
async function memoryFor(
  plan: MemoryPlan,
  { filePrefix, runtimeDir }: ResolvedOptions,
  directory: string,
  publicEndpoint: SocketEndpoint,
): Promise<PrimaryMemory> {
  try {
    const { PrimaryMemory } = await import('./memory/primary-memory.js'); // a third of the package, that few need
    return await PrimaryMemory.create(plan, { filePrefix, runtimeDir, directory }, publicEndpoint);
  } catch (error) {
    publicEndpoint.close();
    removeIfEmpty(directory);
    throw error;
  }
}

function socketTransport(directory: string, isAbstract: boolean): Transport {
  assertPlatform();
  const names = isAbstract ? new AbstractNames(directory) : new FilesystemNames(directory);
  names.check(); // before anything in it is read
  return new SocketTransport(directory, names);
}

function directoryOf({ runtimeDir, filePrefix }: ResolvedOptions): string {
  return runtimePath(runtimeDir ?? defaultRuntimeDir(process.env, process.getuid?.() ?? 0), filePrefix);
}
