import { join } from 'node:path';
import { dialectIn } from '../../lib/peers/config.js';
import { type DialectId, versionOf } from '../../protocol/dialect.js';
import { MpError } from '../../protocol/errors.js';
import { isSecondarySocket, PRIMARY_SOCKET, pidOfSocket } from '../../protocol/paths.js';
import { type ConfigHead, readConfigHead } from '../../shm/layout/config-head.js';
import { namesIn, ownerOf, type ProcessFacts, processFacts, socketOwners } from '../../sys/process-facts.js';
import { type SocketState, socketStates } from '../../sys/socket-state.js';
import { ignoringErrno } from '../../sys/system-error.js';
import { boundSockets } from '../../sys/unix-sockets.js';
import type { Instance, InstanceState, SecondarySocket } from './instance.js';

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
