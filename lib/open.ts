import { defaultRuntimeDir, runtimePath } from '../protocol/paths.js';
import { MpChannel } from './channel.js';
import { ChannelCore } from './channel-core.js';
import {
  type PrimaryOptions,
  type ResolvedOptions,
  resolveOptions,
  type SecondaryOptions,
} from './options.js';
import { PrimaryLink } from './primary-link.js';
import { closedError } from './readiness.js';
import { AbstractNames, FilesystemNames } from './socket-names.js';
import { SocketTransport } from './socket-transport.js';
import { assertPlatform } from './sys/native.js';
import type { Transport } from './transport.js';

type Role = 'primary' | 'secondary';

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
  return openOn('secondary', options);
}

/**
 * Opens the IPC of a primary process: C's `rte_mp_channel_init` with `--proc-type=primary`. Takes over what a dead
 * primary left behind.
 *
 * Rejects with `EADDRINUSE` while another primary of this prefix lives, else as {@link openSecondary}.
 *
 * @example
 * await using channel = await openPrimary({ filePrefix: 'rte' });
 * channel.registerAction('hello', (msg) => ({ param: `Got '${msg.text()}'` }));
 */
export async function openPrimary(options: PrimaryOptions = {}): Promise<MpChannel> {
  return openOn('primary', options);
}

/** Opens a channel on sockets, or on whatever transport is made for its runtime directory. */
export async function openOn(
  role: Role,
  given: SecondaryOptions,
  inMemory?: (directory: string) => Transport,
): Promise<MpChannel> {
  const options = resolveOptions(given, role);
  const directory = directoryOf(options);
  const { signal, socketNamespace } = options;
  if (signal?.aborted) throw closedError();
  const isAbstract = socketNamespace === 'abstract';
  const transport = inMemory?.(directory) ?? socketTransport(directory, isAbstract);
  const isSocket = inMemory === undefined;
  const hasConfig = role === 'secondary' && isSocket;
  const configPath = hasConfig ? `${directory}/config` : undefined;
  const isPeer = options.visibility === 'peer';
  const link = new PrimaryLink({
    transport,
    dialect: options.dialect,
    configPath,
    announce: isPeer && !isAbstract,
  });
  if (role === 'secondary') link.refresh(); // before there is a socket that the primary could wait for
  const publicEndpoint = isPeer ? await transport.bindPublic(role, signal) : undefined;
  const trustedUids = isAbstract && isSocket ? [0, process.getuid?.() ?? 0] : undefined;
  return new MpChannel(
    new ChannelCore({ role, transport, options, link, trustedUids, publicEndpoint }),
    configPath,
  );
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
