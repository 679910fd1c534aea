import { join } from 'node:path';
import { dialectIn } from '../../lib/peers/to-primary.js';
import { type DialectId, versionOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { isSecondarySocket, PRIMARY_SOCKET, pidOfSocket, TELEMETRY_SOCKET } from '../../protocol/paths.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/mem-config.js';
import { ignoringErrno } from '../../sys/errors.js';
import { namesIn, ownerOf, type ProcessFacts, processFacts } from '../../sys/proc.js';
import { boundSockets, type SocketState, socketOwners, socketStates } from '../../sys/unix-sockets.js';
import type { ProbeResult } from './probe.js';

/** The primary and secondaries that run, or ran, under one file prefix of one runtime directory. */
export interface Instance {
  readonly filePrefix: string;
  /** The directory that holds `<filePrefix>/mp_socket`, as the primary spells it where that is known. */
  readonly runtimeDir: string;
  readonly state: InstanceState;
  /** The release, such as `'22.11.11'`; `undefined` without a `config` file. */
  readonly version: string | undefined;
  /** `undefined`: the dialect isn't known, so nothing may be sent to the primary. */
  readonly dialect: DialectId | undefined;
  /** `undefined`: the primary is dead, or in another pid namespace. */
  readonly primary: ProcessFacts | undefined;
  /** The owner of the directory. */
  readonly owner: string | undefined;
  readonly secondaries: {
    readonly alive: readonly SecondarySocket[];
    /** Sockets that dead secondaries left behind. */
    readonly stale: readonly SecondarySocket[];
  };
  /** What the primary did with a harmless request; `undefined`: it wasn't asked, see `state` and `dialect`. */
  readonly ipc: ProbeResult | undefined;
}

/**
 * The state of a primary.
 *
 * - `running`: a primary holds the lock on `config`, or is bound to `mp_socket` where there is no such file (Node)
 * - `starting`: it holds the lock, and its initialisation isn't complete
 * - `dead`: only its files are left
 * - `private`: it shares neither IPC nor memory (`--in-memory`, `--no-shconf`)
 */
type InstanceState = 'running' | 'starting' | 'dead' | 'private';

/** The socket of a secondary, `mp_socket_<pid>_<hex>`. */
export interface SecondarySocket {
  readonly path: string;
  /** The pid in the socket's name, which is that of the secondary's own pid namespace. */
  readonly pid: number | undefined;
}

/** What {@link inspect} found in the directory and in the kernel. */
export interface Inspection extends Omit<Instance, 'ipc'> {
  /** The directory of the prefix. */
  readonly directory: string;
  /** `undefined`: there is no `config` file, or this user can't read it. */
  readonly head: ConfigHead | undefined;
  readonly primarySocket: SocketState;
}

/** Whether the primary runs, or is about to. */
export function isAlive({ state }: Instance): boolean {
  return state === 'running' || state === 'starting';
}

/** Looks at one file prefix, and sends nothing; `undefined`: there is and was no primary. */
export function inspect(runtimeDir: string, filePrefix: string): Inspection | undefined {
  const directory = `${runtimeDir}/${filePrefix}`;
  const socketPath = `${directory}/${PRIMARY_SOCKET}`;
  const secondaryPaths = namesIn(directory)
    .filter(isSecondarySocket)
    .map((name) => `${directory}/${name}`);
  const sockets = socketStates([socketPath, ...secondaryPaths]);
  const primarySocket = sockets.get(socketPath) ?? 'missing';
  const head = ignoringErrno(() => readConfigHead(`${directory}/config`));
  const state = stateOf(head, primarySocket, isBound(join(directory, TELEMETRY_SOCKET)));
  if (state === undefined) return undefined;
  const secondariesThatAre = (wanted: SocketState) =>
    secondaryPaths
      .filter((path) => sockets.get(path) === wanted)
      .map((path) => ({ path, pid: pidOfSocket(path) }));
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
    secondaries: { alive: secondariesThatAre('bound'), stale: secondariesThatAre('dead') },
  };
}

function stateOf(
  head: ConfigHead | undefined,
  socket: SocketState,
  hasTelemetry: boolean,
): InstanceState | undefined {
  if (head?.lock !== undefined) return head.complete ? 'running' : 'starting';
  if (socket === 'bound') return 'running';
  if (hasTelemetry) return 'private'; // a live primary; `config` may be that of an earlier one
  return head !== undefined || socket === 'dead' ? 'dead' : undefined;
}

function isBound(path: string): boolean {
  return boundSockets().some((socket) => join(socket.path) === path);
}

function knownDialect(head: ConfigHead | undefined): DialectId | undefined {
  try {
    return dialectIn(head).id;
  } catch (error) {
    if (error instanceof MpError && error.code === 'EVERSION') return undefined;
    throw error;
  }
}

/** The process that holds the lock on `config`. A lock of an open file names none: then the one that has the socket. */
function primaryProcess(head: ConfigHead | undefined, directory: string): ProcessFacts | undefined {
  const pid = head?.lock?.pid ?? -1;
  if (pid > 0) return processFacts(pid);
  if (pid === 0) return undefined; // it is in another pid namespace
  const names = [PRIMARY_SOCKET, TELEMETRY_SOCKET].map((name) => join(directory, name));
  const inodes = boundSockets().filter(({ path }) => names.includes(join(path)));
  const owners = socketOwners(new Set(inodes.map(({ inode }) => inode)));
  const owner = [...owners.values()][0];
  return owner === undefined ? undefined : processFacts(owner);
}
