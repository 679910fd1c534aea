import { readdirSync } from 'node:fs';
import { DIALECTS } from '../../protocol/dialect.js';
import { PRIMARY_SOCKET, type RuntimeEnvironment } from '../../protocol/paths.js';
import { isStopped, ownerOf } from '../../sys/process-facts.js';
import { isIpcThreadGone } from '../../sys/threads.js';
import { type Answer, ask } from './ask.js';
import { type Inspection, inspect } from './inspect.js';
import type { Instance, Instances, UnreadableDir } from './instance.js';
import { runtimeDirs } from './runtime-dirs.js';

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
