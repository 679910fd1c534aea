import { isMainThread } from 'node:worker_threads';
import { DIALECTS, type DialectId, dialectOf, versionOf } from '../protocol/dialect.js';
import { MpError } from '../protocol/errors.js';
import type { AttachOptions } from '../shm/attach/attach.js';
import { type MemoryPlan, type PrimaryMemoryOptions, planMemory } from '../shm/primary/options.js';
import type { SocketNamespace } from '../sys/message-block.js';
import { checkSignal } from './abort.js';

/** What `requestSync`, `request` and `sendMessage` wait by default, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_BUSY_POLL_MICROS = 1_000_000;

/**
 * Options of `openPrimary` and `openSecondary`. A value that an option doesn't take is `EINVAL`, before anything is opened.
 *
 * @example
 * await using channel = await openSecondary({ filePrefix: 'rte', busyPollMicros: 0, unhandledRequests: 'silent' });
 */
export interface ChannelOptions {
  /** DPDK's `--file-prefix`; default `'rte'`. */
  readonly filePrefix?: string | undefined;
  /**
   * The directory that holds `<filePrefix>/mp_socket`, spelled as the C processes spell it. Default is DPDK's own rule:
   * `$RUNTIME_DIRECTORY/dpdk` if that is set, else as root `/var/run/dpdk`, else `$XDG_RUNTIME_DIR/dpdk` or `/tmp/dpdk`.
   */
  readonly runtimeDir?: string | undefined;
  /** `'filesystem'` (default) is what DPDK uses; `'abstract'` is for peers that share no file system. */
  readonly socketNamespace?: SocketNamespace | undefined;
  /** The wire dialect; `'auto'` (default) reads the version in the primary's `config` and is `'332/8'` without one. */
  readonly dialect?: DialectId | 'auto' | undefined;
  /**
   * What a request gets that nobody registered for: `'ignore'` (default) answers IGN at once, so that the requester
   * doesn't wait; `'silent'` does as a C process does after its initialisation.
   */
  readonly unhandledRequests?: 'ignore' | 'silent' | undefined;
  /**
   * How long `requestSync` spins on the socket before it sleeps, in microseconds, up to 1,000,000; default 50, 0 never
   * spins. A request whose last answer took more than four times that sleeps at once: spinning would cost processor time
   * for nothing.
   */
  readonly busyPollMicros?: number | undefined;
  /**
   * For how long after a `request` each turn of the event loop looks for its answer before the loop sleeps, in
   * microseconds, up to 1,000,000; default 0, never. It makes answers that come within that time arrive sooner, at the
   * price of that much processor time for each request that isn't answered at once; other events get their turns as ever.
   */
  readonly busyPollEventLoopMicros?: number | undefined;
  /**
   * How many inbound messages may wait for asynchronous handlers before the channel stops reading, so that the kernel's
   * queue pushes back; default 1024.
   */
  readonly maxPendingMessages?: number | undefined;
  /**
   * Whether a request fails with `EEXIST` while another one of its name is under way to the same peer, as in C. Default
   * false: each request has a socket of its own, so that their answers can't be mixed up.
   */
  readonly exclusiveRequests?: boolean | undefined;
  /** Closes the channel when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** How a secondary attaches its primary's memory; see `attachMemory` for each. */
export type ChannelMemoryOptions = Pick<
  AttachOptions,
  'writable' | 'lock' | 'lockTimeoutMs' | 'hugeDir' | 'unlinked'
>;

/** Options of `openSecondary`. */
export interface SecondaryOptions extends ChannelOptions {
  /**
   * `'peer'` (default) binds `mp_socket_<pid>_<hex>`, so that broadcasts reach us. `'private'` binds no such socket: the
   * primary answers us and never waits for us.
   */
  readonly visibility?: 'peer' | 'private' | undefined;
  /** How `channel.memory` attaches the primary's memory; read-only by default. */
  readonly memory?: ChannelMemoryOptions | undefined;
}

/** Options of `openPrimary`. */
export interface PrimaryOptions extends ChannelOptions {
  /** Shared memory for secondaries, in C and Node, to attach: `channel.memory`. None by default. */
  readonly memory?: PrimaryMemoryOptions | undefined;
}

/** Options with their defaults, checked. */
export interface ResolvedOptions {
  readonly filePrefix: string;
  readonly runtimeDir: string | undefined;
  readonly socketNamespace: SocketNamespace;
  readonly visibility: 'peer' | 'private';
  readonly dialect: DialectId | 'auto';
  readonly unhandledRequests: 'ignore' | 'silent';
  readonly busyPollMicros: number;
  readonly busyPollEventLoopMicros: number;
  readonly maxPendingMessages: number;
  readonly exclusiveRequests: boolean;
  readonly signal: AbortSignal | undefined;
  /** A secondary's. */
  readonly memory: ChannelMemoryOptions;
  /** A primary's. */
  readonly primaryMemory: MemoryPlan | undefined;
}

/** Options of either role. */
export type OpenOptions =
  | { readonly role: 'secondary'; readonly given: SecondaryOptions }
  | { readonly role: 'primary'; readonly given: PrimaryOptions };

/** Throws `EINVAL` for a value that an option doesn't take, and what `planMemory` throws. */
export function resolveOptions({ role, given }: OpenOptions): ResolvedOptions {
  const options: ChannelOptions & Pick<SecondaryOptions, 'visibility'> = given;
  const { filePrefix = 'rte', runtimeDir, visibility = 'peer', signal } = options;
  checkType('filePrefix', filePrefix, 'string');
  if (runtimeDir !== undefined) checkType('runtimeDir', runtimeDir, 'string');
  const visibilities = role === 'primary' ? ['peer'] : ['peer', 'private'];
  checkSignal(signal);
  return {
    filePrefix,
    runtimeDir,
    socketNamespace: oneOf('socketNamespace', options.socketNamespace ?? 'filesystem', [
      'filesystem',
      'abstract',
    ]),
    visibility: oneOf('visibility', visibility, visibilities),
    dialect: oneOf('dialect', options.dialect ?? 'auto', ['auto', ...Object.keys(DIALECTS)]),
    unhandledRequests: oneOf('unhandledRequests', options.unhandledRequests ?? 'ignore', [
      'ignore',
      'silent',
    ]),
    busyPollMicros: numberOf('busyPollMicros', options.busyPollMicros ?? 50, 0, MAX_BUSY_POLL_MICROS),
    busyPollEventLoopMicros: numberOf(
      'busyPollEventLoopMicros',
      options.busyPollEventLoopMicros ?? 0,
      0,
      MAX_BUSY_POLL_MICROS,
    ),
    maxPendingMessages: countOf('maxPendingMessages', options.maxPendingMessages ?? 1024, 1_000_000),
    exclusiveRequests: options.exclusiveRequests ?? false,
    signal,
    memory: (role === 'secondary' ? given.memory : undefined) ?? {},
    primaryMemory: role === 'primary' ? planPrimaryMemory(given) : undefined,
  };
}

function planPrimaryMemory({
  memory,
  socketNamespace,
  dialect = 'auto',
}: PrimaryOptions): MemoryPlan | undefined {
  if (memory === undefined) return undefined;
  if (!isMainThread) {
    throw new MpError(
      'ENOTSUP',
      'A worker thread can be terminated with a lock of the shared memory held, for good: open a primary with memory in the main thread',
    );
  }
  if (socketNamespace === 'abstract') {
    throw new MpError(
      'EINVAL',
      "Option socketNamespace is 'abstract', and shared memory is in files: leave out one of the two",
    );
  }
  const plan = planMemory(memory);
  const spoken = dialectOf(plan.versionWord).id;
  if (dialect === 'auto' || dialect === spoken) return plan;
  throw new MpError(
    'EINVAL',
    `Option dialect is '${dialect}', and secondaries of DPDK ${versionOf(plan.versionWord)} speak '${spoken}': leave out dialect, or give another memory.version`,
  );
}

function checkType(option: string, value: unknown, type: string): void {
  if (typeof value !== type) throw badOption(option, value, `a ${type}`);
}

function oneOf<T extends string>(option: string, value: T, allowed: readonly string[]): T {
  if (!allowed.includes(value))
    throw badOption(option, value, allowed.map((word) => `'${word}'`).join(' or '));
  return value;
}

function numberOf(option: string, value: number, least: number, most: number): number {
  const isNumber = typeof value === 'number' && value >= least && value <= most;
  if (!isNumber) throw badOption(option, value, `a number from ${least} to ${most}`);
  return value;
}

function countOf(option: string, value: number, most: number): number {
  if (!Number.isInteger(value)) throw badOption(option, value, `a whole number from 1 to ${most}`);
  return numberOf(option, value, 1, most);
}

function badOption(option: string, value: unknown, allowed: string): MpError {
  return new MpError('EINVAL', `Option ${option} is ${String(value)}: give ${allowed}`);
}
