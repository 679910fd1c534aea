import { isMainThread } from 'node:worker_threads';
import { DIALECTS, type DialectId, dialectOf, versionOf } from '../protocol/dialect.js';
import { invalid, MpError } from '../protocol/errors.js';
import type { AttachOptions } from '../shm/attach/attach.js';
import { type MemoryPlan, type PrimaryMemoryOptions, planMemory } from '../shm/primary/options.js';
import type { SocketNamespace } from '../sys/sockaddr.js';
import { checkSignal } from './abort.js';

/** Default timeout of `requestSync`, `request` and `sendMessage`, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_BUSY_POLL_MICROS = 1_000_000;
const MAX_PENDING_MESSAGES = 1_000_000;

/**
 * Options of both `openPrimary` and `openSecondary`. They reject with `EINVAL` for a value that an option doesn't take,
 * before anything is opened.
 */
export interface ChannelOptions {
  /** Prefix that the processes of one primary share: DPDK's `--file-prefix`. Default `'rte'`. */
  readonly filePrefix?: string | undefined;
  /**
   * Directory that holds `<filePrefix>/mp_socket`, spelled as the C processes spell it. The default follows DPDK:
   * `$RUNTIME_DIRECTORY/dpdk` if that variable is set, else `/var/run/dpdk` for root, else `$XDG_RUNTIME_DIR/dpdk` or
   * `/tmp/dpdk`.
   */
  readonly runtimeDir?: string | undefined;
  /**
   * Namespace of the sockets: `'filesystem'` (default), which DPDK uses, or `'abstract'` for Node peers that share no
   * file system.
   */
  readonly socketNamespace?: SocketNamespace | undefined;
  /** Wire dialect. `'auto'` (default) follows the version in the primary's `config`; without a `config` it is `'332/8'`. */
  readonly dialect?: DialectId | 'auto' | undefined;
  /**
   * Answer to a request whose name has no handler. `'ignore'` (default) answers IGN at once, so that the requester doesn't
   * wait; `'silent'` sends nothing, as a C process does after its initialisation.
   */
  readonly unhandledRequests?: 'ignore' | 'silent' | undefined;
  /**
   * How long `requestSync` spins on the socket before it sleeps, in microseconds, up to 1,000,000. Default 50; 0 never
   * spins. A request whose last answer took more than four times as long sleeps at once, because spinning would only cost
   * processor time.
   */
  readonly busyPollMicros?: number | undefined;
  /**
   * How long the event loop spins after a `request`, in microseconds, up to 1,000,000. Default 0: it never spins. Each turn
   * of the loop then looks for the answer instead of sleeping, and other events get their turns as usual. Answers within
   * that time arrive sooner; each request that isn't answered at once costs up to that much processor time.
   */
  readonly busyPollEventLoopMicros?: number | undefined;
  /**
   * How many received messages may wait for asynchronous handlers before the channel stops reading. Further ones then wait
   * in the kernel's queue, and their senders wait for room there. Default 1,024.
   */
  readonly maxPendingMessages?: number | undefined;
  /**
   * Whether a request fails with `EEXIST` while another one of the same name is under way to the same peer, as in C. Default
   * false: each request has its own socket, so answers can't be mixed up.
   */
  readonly exclusiveRequests?: boolean | undefined;
  /** Signal that closes the channel when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** How a secondary attaches its primary's memory: options of `attachMemory` in `dpdk-ipc/shm`. */
export type ChannelMemoryOptions = Pick<
  AttachOptions,
  'writable' | 'lock' | 'lockTimeoutMs' | 'hugeDir' | 'unlinked'
>;

/** Options of `openSecondary`. */
export interface SecondaryOptions extends ChannelOptions {
  /**
   * Whether the primary sees this process. `'peer'` (default) binds `mp_socket_<pid>_<hex>`, where the primary's broadcasts
   * arrive. `'private'` binds no such socket: the primary answers this process, and never waits for it.
   */
  readonly visibility?: 'peer' | 'private' | undefined;
  /** How `channel.memory` attaches the primary's memory. Read-only by default. */
  readonly memory?: ChannelMemoryOptions | undefined;
}

/** Options of `openPrimary`. */
export interface PrimaryOptions extends ChannelOptions {
  /** Shared memory that secondaries in C and Node attach, and that `channel.memory` returns. None by default. */
  readonly memory?: PrimaryMemoryOptions | undefined;
}

type GivenOptions = ChannelOptions & Pick<SecondaryOptions, 'visibility'>;
type Filled<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/** Checked options, with their defaults filled in. */
export interface ResolvedOptions extends Filled<Omit<GivenOptions, 'runtimeDir' | 'signal'>> {
  readonly runtimeDir: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** How a secondary attaches; empty for a primary. */
  readonly memory: ChannelMemoryOptions;
  /** What a primary makes; `undefined` for a secondary. */
  readonly primaryMemory: MemoryPlan | undefined;
}

/** Role of a channel, with the options that the user gave for it. */
export type OpenOptions =
  | { readonly role: 'secondary'; readonly given: SecondaryOptions }
  | { readonly role: 'primary'; readonly given: PrimaryOptions };

/**
 * Checks options and fills in defaults. Throws `EINVAL` for a value that an option doesn't take, and the errors of
 * `planMemory`.
 */
export function resolveOptions({ role, given }: OpenOptions): ResolvedOptions {
  const options: GivenOptions = given;
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
    busyPollMicros: microsOf('busyPollMicros', options.busyPollMicros ?? 50),
    busyPollEventLoopMicros: microsOf('busyPollEventLoopMicros', options.busyPollEventLoopMicros ?? 0),
    maxPendingMessages: countOf('maxPendingMessages', options.maxPendingMessages ?? 1024),
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
      'A worker thread may be terminated while it holds a lock of the shared memory: open a primary with memory in the main thread',
    );
  }
  if (socketNamespace === 'abstract') {
    throw invalid(
      "Option socketNamespace is 'abstract', but shared memory needs files: leave out socketNamespace or memory",
    );
  }
  const plan = planMemory(memory);
  const spoken = dialectOf(plan.versionWord).id;
  if (dialect === 'auto' || dialect === spoken) return plan;
  throw invalid(
    `Option dialect is '${dialect}', and secondaries of DPDK ${versionOf(plan.versionWord)} speak '${spoken}': leave out dialect, or change memory.version`,
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

function microsOf(option: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_BUSY_POLL_MICROS) return value;
  throw badOption(option, value, `a number from 0 to ${MAX_BUSY_POLL_MICROS}`);
}

function countOf(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_PENDING_MESSAGES) return value;
  throw badOption(option, value, `a whole number from 1 to ${MAX_PENDING_MESSAGES}`);
}

function badOption(option: string, value: unknown, allowed: string): MpError {
  return invalid(`Option ${option} is ${String(value)}: give ${allowed}`);
}
