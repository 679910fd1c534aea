import { readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DIALECTS } from '../../protocol/dialect.js';
import { defaultRuntimeDir, PRIMARY_SOCKET, type RuntimeEnvironment } from '../../protocol/paths.js';
import { ignoringErrno } from '../../sys/errors.js';
import { isIpcThreadGone, isStopped, namesIn, ownerOf } from '../../sys/proc.js';
import { boundSockets } from '../../sys/unix-sockets.js';
import { type Inspection, type Instance, inspect } from './inspect.js';
import { type ProbeResult, probe } from './probe.js';

export interface FindOptions {
  /** Finds this prefix alone. */
  readonly filePrefix?: string | undefined;
  /** Looks in this runtime directory alone; in all that are known by default. */
  readonly runtimeDir?: string | undefined;
  /**
   * Whether to send each running primary a harmless request, to see whether its IPC answers; true by default. A C
   * primary logs one line about it.
   */
  readonly probe?: boolean | undefined;
  /** How long each primary has to answer, in milliseconds; 1,000 by default. All are probed at once. */
  readonly timeoutMs?: number | undefined;
  readonly env?: RuntimeEnvironment | undefined;
  readonly uid?: number | undefined;
}

export interface Instances {
  readonly instances: readonly Instance[];
  readonly unreadable: readonly UnreadableDir[];
}

/** A directory that may hold instances and that this user can't read. */
export interface UnreadableDir {
  readonly path: string;
  readonly owner: string | undefined;
}

const ANSWER_WITHIN_MS = 1_000;

/**
 * Finds every DPDK primary of this machine, alive or dead, in the runtime directories of this and of other users. Lists
 * the directories apart that this user can't read.
 *
 * @example
 * const { instances } = await findInstances();
 * for (const { filePrefix, state, version } of instances) console.log(filePrefix, state, version);
 */
export async function findInstances(options: FindOptions = {}): Promise<Instances> {
  const { env = process.env, uid = process.getuid?.() ?? 0, timeoutMs = ANSWER_WITHIN_MS } = options;
  const dirs = options.runtimeDir === undefined ? runtimeDirs(env, uid) : [options.runtimeDir];
  const unreadable: UnreadableDir[] = [];
  const found: Inspection[] = [];
  for (const runtimeDir of dirs) {
    for (const filePrefix of list(runtimeDir, unreadable)) {
      if (options.filePrefix !== undefined && filePrefix !== options.filePrefix) continue;
      if (list(`${runtimeDir}/${filePrefix}`, unreadable).length === 0) continue;
      const inspection = inspect(runtimeDir, filePrefix);
      if (inspection !== undefined) found.push(inspection);
    }
  }
  const instances = found.map(async (inspection) => {
    const ipc = options.probe === false ? undefined : await probePrimary(inspection, timeoutMs);
    const { directory, head, primarySocket, ...instance } = inspection;
    return { ...instance, ipc };
  });
  return { instances: await Promise.all(instances), unreadable };
}

/**
 * Probes a primary; `undefined` if nothing may be sent to it: it is dead, starting, or of an unknown release. A primary
 * that can't read counts as silent without a request: requests would fill its queue, and block other senders.
 */
export async function probePrimary(
  inspection: Inspection,
  timeoutMs: number,
): Promise<ProbeResult | undefined> {
  const { state, dialect, primary, primarySocket, directory } = inspection;
  if (state !== 'running' || dialect === undefined || primarySocket !== 'bound') return undefined;
  if (primary !== undefined && (isStopped(primary) || isIpcThreadGone(primary.pid))) return 'silent';
  try {
    return await probe(directory, `${directory}/${PRIMARY_SOCKET}`, DIALECTS[dialect], timeoutMs);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}

/** The entries of a directory. Adds a directory that this user can't read to `unreadable`. */
function list(path: string, unreadable: UnreadableDir[]): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === undefined) throw error;
    if (code === 'EACCES' || code === 'EPERM') unreadable.push({ path, owner: ownerOf(path) });
    return []; // it is gone, or a file
  }
}

/**
 * The runtime directories that DPDK processes of this machine may use: those in which a primary's socket is bound now,
 * as that primary spells them; DPDK's choice for this user; its choices for other users and for services. Each
 * directory comes once, whatever its names are.
 */
function runtimeDirs(env: RuntimeEnvironment, uid: number): string[] {
  const bound = boundSockets()
    .filter(({ path }) => path.endsWith(`/${PRIMARY_SOCKET}`))
    .map(({ path }) => dirname(dirname(path)));
  const candidates = [
    ...bound,
    defaultRuntimeDir(env, uid),
    '/var/run/dpdk',
    ...(env.RUNTIME_DIRECTORY === undefined ? [] : [`${env.RUNTIME_DIRECTORY}/dpdk`]),
    ...(env.XDG_RUNTIME_DIR === undefined ? [] : [`${env.XDG_RUNTIME_DIR}/dpdk`]),
    '/tmp/dpdk',
    ...namesIn('/run/user').map((name) => `/run/user/${name}/dpdk`),
    // systemd's RuntimeDirectory= makes these
    ...namesIn('/run').map((name) => `/run/${name}/dpdk`),
  ];
  const seen = new Map<string, string>();
  for (const path of candidates) {
    // a directory of another user may show nothing but its bound socket
    const identity = identityOf(path) ?? (bound.includes(path) ? path : undefined);
    if (identity !== undefined && !seen.has(identity)) seen.set(identity, path);
  }
  return [...seen.values()];
}

/** Device and inode, which are the same for every name of a file; `undefined` where this user sees none. */
export function identityOf(path: string): string | undefined {
  const stat = ignoringErrno(() => statSync(path, { bigint: true }));
  return stat && `${stat.dev}:${stat.ino}`;
}
