import { readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DIALECTS } from '../../protocol/dialect.js';
import { defaultRuntimeDir, PRIMARY_SOCKET, type RuntimeEnvironment } from '../../protocol/paths.js';
import { ignoringErrno } from '../../sys/errors.js';
import { isIpcThreadGone, isStopped, namesIn, ownerOf } from '../../sys/proc.js';
import { boundSockets } from '../../sys/unix-sockets.js';
import { type Answer, ask } from './ask.js';
import { type Inspection, type Instance, type Instances, inspect, type UnreadableDir } from './inspect.js';

export interface FindOptions {
  /** Only this prefix. */
  readonly filePrefix?: string | undefined;
  /** Only this runtime directory; all that are known by default. */
  readonly runtimeDir?: string | undefined;
  /**
   * Whether to send each running primary a harmless request, to see whether its IPC answers; true by default. A C
   * primary logs one line about it.
   */
  readonly ask?: boolean | undefined;
  /** Milliseconds that each has to answer; 1,000 by default. All are asked at once. */
  readonly timeoutMs?: number | undefined;
  readonly env?: RuntimeEnvironment | undefined;
  readonly uid?: number | undefined;
}

const ANSWER_WITHIN_MS = 1_000;

/**
 * Every DPDK primary of this machine that can be found, alive or dead: those of DPDK's runtime directories of this and
 * of other users. What isn't ours to read is listed apart.
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
  const asked = found.map(async (inspection) => {
    const ipc = options.ask === false ? undefined : await askPrimary(inspection, timeoutMs);
    return instanceOf(inspection, ipc);
  });
  return { instances: await Promise.all(asked), unreadable };
}

/**
 * Whether a primary's IPC answers; `undefined` where nothing must be sent: it is dead, starting, or of an unknown
 * release. One that can't read is not asked either: at some time its queue would be full, and others would block.
 */
export async function askPrimary(inspection: Inspection, timeoutMs: number): Promise<Answer | undefined> {
  const { state, dialect, primary, primarySocket, directory } = inspection;
  if (state !== 'running' || dialect === undefined || primarySocket !== 'bound') return undefined;
  if (primary !== undefined && (isStopped(primary) || isIpcThreadGone(primary.pid))) return 'silent';
  try {
    return await ask(directory, `${directory}/${PRIMARY_SOCKET}`, DIALECTS[dialect], timeoutMs);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}

function instanceOf(inspection: Inspection, ipc: Answer | undefined): Instance {
  const { filePrefix, runtimeDir, state, version, dialect, primary, owner, secondaries } = inspection;
  return { filePrefix, runtimeDir, state, version, dialect, primary, owner, secondaries, ipc };
}

/** The entries of a directory; what isn't ours to read is noted down, what isn't there is not. */
function list(path: string, unreadable: UnreadableDir[]): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === undefined) throw error;
    if (code === 'EACCES' || code === 'EPERM') unreadable.push({ path, owner: ownerOf(path) });
    return []; // gone meanwhile, or a file
  }
}

/**
 * The runtime directories that DPDK processes of this machine use, as far as can be told: where a primary's socket is
 * bound now, spelled as that primary spells it; then DPDK's own choice for us; then those that it would choose for
 * other users and for services. Each once, however many names it has.
 */
function runtimeDirs(env: RuntimeEnvironment, uid: number): string[] {
  const bound = boundRuntimeDirs();
  const candidates = [
    ...bound,
    defaultRuntimeDir(env, uid),
    '/var/run/dpdk',
    ...(env.RUNTIME_DIRECTORY === undefined ? [] : [`${env.RUNTIME_DIRECTORY}/dpdk`]),
    ...(env.XDG_RUNTIME_DIR === undefined ? [] : [`${env.XDG_RUNTIME_DIR}/dpdk`]),
    '/tmp/dpdk',
    ...namesIn('/run/user').map((name) => `/run/user/${name}/dpdk`),
    // what systemd's RuntimeDirectory= makes
    ...namesIn('/run').map((name) => `/run/${name}/dpdk`),
  ];
  const seen = new Map<string, string>();
  for (const path of candidates) {
    // of another user's, its socket may be all that there is to see
    const identity = identityOf(path) ?? (bound.includes(path) ? path : undefined);
    if (identity !== undefined && !seen.has(identity)) seen.set(identity, path);
  }
  return [...seen.values()];
}

/** Of every `<dir>/<prefix>/mp_socket` that is bound, `<dir>`. */
function boundRuntimeDirs(): string[] {
  return boundSockets()
    .filter(({ path }) => path.endsWith(`/${PRIMARY_SOCKET}`))
    .map(({ path }) => dirname(dirname(path)));
}

/** What tells two directories apart whatever they are called; `undefined` where there is none that we can see. */
export function identityOf(path: string): string | undefined {
  const stat = ignoringErrno(() => statSync(path, { bigint: true }));
  return stat && `${stat.dev}:${stat.ino}`;
}
