import { join } from 'node:path';
import { dialectIn } from '../../lib/peers/to-primary.js';
import { type DialectId, versionOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { isSecondarySocket, PRIMARY_SOCKET, pidOfSocket } from '../../protocol/paths.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/mem-config.js';
import { ignoringErrno } from '../../sys/errors.js';
import { namesIn, ownerOf, type ProcessFacts, processFacts, socketOwners } from '../../sys/proc.js';
import { boundSockets, type SocketState, socketStates } from '../../sys/unix-sockets.js';
import type { Answer } from './ask.js';

const TELEMETRY_SOCKET = 'dpdk_telemetry.v2';

/** What {@link inspect} found on disk and in the kernel. */
export interface Inspection extends Omit<Instance, 'ipc'> {
  /** The directory of this prefix. */
  readonly directory: string;
  /** `undefined`: there is no `config` file, or it isn't ours to read. */
  readonly head: ConfigHead | undefined;
  readonly primarySocket: SocketState;
}

/** Looks at one file prefix without sending anything; `undefined`: there is and was no primary. */
export function inspect(runtimeDir: string, filePrefix: string): Inspection | undefined {
  const directory = `${runtimeDir}/${filePrefix}`;
  const names = namesIn(directory);
  const socketPath = `${directory}/${PRIMARY_SOCKET}`;
  const secondaryPaths = names.filter(isSecondarySocket).map((name) => `${directory}/${name}`);
  const sockets = socketStates([socketPath, ...secondaryPaths]);
  const primarySocket = sockets.get(socketPath) ?? 'missing';
  const head = headIfSeen(`${directory}/config`);
  const state = stateOf(head, primarySocket, isBound(join(directory, TELEMETRY_SOCKET)));
  if (state === undefined) return undefined;
  const of = (wanted: SocketState) =>
    secondaryPaths.filter((path) => sockets.get(path) === wanted).map(secondaryAt);
  return {
    filePrefix,
    runtimeDir,
    directory,
    head,
    primarySocket,
    state,
    version: head === undefined ? undefined : versionOf(head.versionWord),
    dialect: knownDialect(head),
    primary: state === 'dead' ? undefined : primaryProcess(head, directory),
    owner: ownerOf(directory),
    secondaries: { alive: of('bound'), stale: of('dead') },
  };
}

function stateOf(
  head: ConfigHead | undefined,
  socket: SocketState,
  hasTelemetry: boolean,
): InstanceState | undefined {
  if (head?.lock !== undefined) return head.complete ? 'running' : 'starting';
  if (socket === 'bound') return 'running';
  if (hasTelemetry) return 'private'; // a primary that lives, whatever another one has left there
  return head !== undefined || socket === 'dead' ? 'dead' : undefined;
}

function knownDialect(head: ConfigHead | undefined): DialectId | undefined {
  try {
    return dialectIn(head).id;
  } catch (error) {
    if (error instanceof MpError && error.code === 'EVERSION') return undefined;
    throw error;
  }
}

/** The lock tells, unless it is one of an open file; then whoever has the socket open. */
function primaryProcess(head: ConfigHead | undefined, directory: string): ProcessFacts | undefined {
  const pid = head?.lock?.pid ?? -1;
  if (pid > 0) return processFacts(pid);
  if (pid === 0) return undefined; // not of our pid namespace
  const names = [PRIMARY_SOCKET, TELEMETRY_SOCKET].map((name) => join(directory, name));
  const inodes = boundSockets().filter(({ path }) => names.includes(join(path)));
  const owners = socketOwners(new Set(inodes.map(({ inode }) => inode)));
  const owner = [...owners.values()][0];
  return owner === undefined ? undefined : processFacts(owner);
}

function isBound(path: string): boolean {
  return boundSockets().some((socket) => join(socket.path) === path);
}

function headIfSeen(path: string): ConfigHead | undefined {
  return ignoringErrno(() => readConfigHead(path));
}

function secondaryAt(path: string): SecondarySocket {
  return { path, pid: pidOfSocket(path) };
}

/**
 * - `running`: a primary has its lock on `config`, or is bound to `mp_socket` where there is no such file (Node)
 * - `starting`: it has the lock, and its initialisation isn't complete
 * - `dead`: only its files are left
 * - `private`: it shares nothing (`--in-memory`, `--no-shconf`): no IPC and no memory for anybody else
 */
type InstanceState = 'running' | 'starting' | 'dead' | 'private';

/** A socket of a secondary, `mp_socket_<pid>_<hex>`. */
export interface SecondarySocket {
  readonly path: string;
  /** From its name: of the secondary's own pid namespace. */
  readonly pid: number | undefined;
}

/** What runs, or ran, under one file prefix of one runtime directory. */
export interface Instance {
  readonly filePrefix: string;
  /** What holds `<filePrefix>/mp_socket`, as the primary spells it where that is known. */
  readonly runtimeDir: string;
  readonly state: InstanceState;
  /** The release, such as `'22.11.11'`; `undefined` without a `config` file. */
  readonly version: string | undefined;
  /** `undefined`: not known, so nothing must be sent there. */
  readonly dialect: DialectId | undefined;
  /** `undefined`: dead, or in another pid namespace. */
  readonly primary: ProcessFacts | undefined;
  /** Whom the files belong to. */
  readonly owner: string | undefined;
  readonly secondaries: {
    readonly alive: readonly SecondarySocket[];
    /** Left behind by processes that died. */
    readonly stale: readonly SecondarySocket[];
  };
  /** What it did with a harmless request; `undefined`: it wasn't asked, see `state` and `dialect`. */
  readonly ipc: Answer | undefined;
}

/** A directory that may hold instances, which isn't ours to read. */
export interface UnreadableDir {
  readonly path: string;
  readonly owner: string | undefined;
}

export interface Instances {
  readonly instances: readonly Instance[];
  readonly unreadable: readonly UnreadableDir[];
}

/** Whether its primary runs, or is about to. */
export function isAlive({ state }: Instance): boolean {
  return state === 'running' || state === 'starting';
}
