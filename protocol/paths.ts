import { invalid, MpError } from './errors.js';

/** Name of the primary's socket in the runtime directory (`MP_SOCKET_FNAME`, eal_filesystem.h). */
export const PRIMARY_SOCKET = 'mp_socket';
/** Name of telemetry's socket in the runtime directory (telemetry.c), which a primary binds with `--in-memory`, too. */
export const TELEMETRY_SOCKET = 'dpdk_telemetry.v2';
/** Start of the names of secondaries' sockets: a broadcast goes to the glob `mp_socket_*` (eal_common_proc.c). */
const SECONDARY_SOCKET_START = 'mp_socket_';
/** Start of the names of this library's reply sockets: outside that glob, so that no broadcast reaches them. */
const REPLY_SOCKET_START = 'mp_reply_';

/**
 * Length of the longest runtime directory whose sockets all fit into `sun_path` (107 bytes): `/mp_socket` and the longest
 * `_<pid>_<hex>` behind it take 35. C cuts longer paths silently (up to 25.11), and may so take another process's socket.
 */
const MAX_RUNTIME_PATH = 72;

/** The environment variables that C reads, in this order; `process.env` has this type, too. */
export interface RuntimeEnvironment {
  readonly RUNTIME_DIRECTORY?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
}

/**
 * Returns the directory that has a directory for each file prefix: C's `eal_get_runtime_dir` without the prefix. A
 * variable that is set but empty counts as set, as in C. Never resolve symbolic links in the result: C compares paths of
 * sockets as text.
 *
 * @param uid the real uid, not the effective one
 */
export function defaultRuntimeDir(env: RuntimeEnvironment, uid: number): string {
  if (env.RUNTIME_DIRECTORY !== undefined) return `${env.RUNTIME_DIRECTORY}/dpdk`;
  if (uid === 0) return '/var/run/dpdk';
  return `${env.XDG_RUNTIME_DIR ?? '/tmp'}/dpdk`;
}

/** Returns `<runtimeDir>/<filePrefix>`. Throws `EINVAL` or `ENAMETOOLONG` for values with which C would misbehave. */
export function runtimePath(runtimeDir: string, filePrefix: string): string {
  if (filePrefix === '' || filePrefix === '.' || filePrefix === '..' || /[%/\0]/.test(filePrefix)) {
    throw invalid(
      `File prefix ${JSON.stringify(filePrefix)} is not usable: give a name without '/' and '%', as with DPDK's --file-prefix`,
    );
  }
  if (!runtimeDir.startsWith('/') || runtimeDir.includes('\0')) {
    throw invalid(
      `Runtime directory ${JSON.stringify(runtimeDir)} is not usable: give an absolute path, spelled as the C processes spell it`,
    );
  }
  const path = `${runtimeDir}/${filePrefix}`;
  const length = new TextEncoder().encode(path).length;
  if (length > MAX_RUNTIME_PATH) {
    throw new MpError(
      'ENAMETOOLONG',
      `${path} is ${length} bytes long, but a Unix socket path holds ${MAX_RUNTIME_PATH} for the directory: use a shorter file prefix or runtime directory`,
      { path },
    );
  }
  return path;
}

/** Returns whether a broadcast of the primary reaches a socket of this name in the runtime directory. */
export function isSecondarySocket(name: string): boolean {
  return name.startsWith(SECONDARY_SOCKET_START);
}

/** Returns `mp_socket_<pid>_<hex>`, the name that C's `create_socket_path` (eal_common_proc.c) gives a secondary's socket. */
export function secondarySocketName(pid: number, unique: bigint): string {
  return `${SECONDARY_SOCKET_START}${pid}_${unique.toString(16)}`;
}

/** Returns the name of a socket that sends a request and gets the reply. No broadcast reaches it: {@link isSecondarySocket}. */
export function replySocketName(pid: number, unique: bigint): string {
  return `${REPLY_SOCKET_START}${pid}_${unique.toString(16)}`;
}

/** Returns the pid in the name of a secondary's socket or a reply socket, `undefined` for any other name. */
export function pidOfSocket(path: string): number | undefined {
  const match = /^mp_(?:socket|reply)_(\d{1,10})_[0-9a-f]+$/.exec(path.slice(path.lastIndexOf('/') + 1));
  return match === null ? undefined : Number(match[1]);
}
