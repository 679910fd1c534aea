import { MpError } from './errors.js';

/** The primary's socket in the runtime directory (`MP_SOCKET_FNAME`, eal_filesystem.h). */
export const PRIMARY_SOCKET = 'mp_socket';
/** Telemetry's socket in the runtime directory (telemetry.c), which a primary binds with `--in-memory`, too. */
export const TELEMETRY_SOCKET = 'dpdk_telemetry.v2';
/** A broadcast reaches the sockets whose names start so: the glob `mp_socket_*` of eal_common_proc.c. */
const SECONDARY_SOCKET_START = 'mp_socket_';
/** Our private reply sockets: outside that glob, so nobody's broadcast ever reaches them. */
const REPLY_SOCKET_START = 'mp_reply_';

/**
 * The longest runtime directory whose sockets all fit into `sun_path` (107 bytes): `/mp_socket` and the longest
 * `_<pid>_<hex>` behind it take 35. C truncates longer ones silently (≤ 25.11), which ends in a stolen socket.
 */
const MAX_RUNTIME_PATH = 72;

/** The environment variables that C looks at, in this order; `process.env` will do. */
export interface RuntimeEnvironment {
  readonly RUNTIME_DIRECTORY?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
}

/**
 * The directory under which each file prefix has its own: `eal_get_runtime_dir` without the prefix. A variable that
 * is set but empty counts as set, as in C. Never resolve symbolic links in it: the strings are the sockets' identity.
 *
 * @param uid the real uid, not the effective one
 */
export function defaultRuntimeDir(env: RuntimeEnvironment, uid: number): string {
  if (env.RUNTIME_DIRECTORY !== undefined) return `${env.RUNTIME_DIRECTORY}/dpdk`;
  if (uid === 0) return '/var/run/dpdk';
  return `${env.XDG_RUNTIME_DIR ?? '/tmp'}/dpdk`;
}

/** `<runtimeDir>/<filePrefix>` by plain concatenation; throws `EINVAL` or `ENAMETOOLONG` where C would misbehave. */
export function runtimePath(runtimeDir: string, filePrefix: string): string {
  if (filePrefix === '' || filePrefix === '.' || filePrefix === '..' || /[%/\0]/.test(filePrefix)) {
    throw new MpError(
      'EINVAL',
      `File prefix ${JSON.stringify(filePrefix)} is not usable: give a name without '/' and '%', as with DPDK's --file-prefix`,
    );
  }
  if (!runtimeDir.startsWith('/') || runtimeDir.includes('\0')) {
    throw new MpError(
      'EINVAL',
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

/** Whether a broadcast of the primary reaches a socket of this name in the runtime directory. */
export function isSecondarySocket(name: string): boolean {
  return name.startsWith(SECONDARY_SOCKET_START);
}

/** `mp_socket_<pid>_<hex>`, as `create_socket_path` in eal_common_proc.c names a secondary's socket. */
export function secondarySocketName(pid: number, unique: bigint): string {
  return `${SECONDARY_SOCKET_START}${pid}_${unique.toString(16)}`;
}

/** The name of a socket that a request leaves from; see {@link isSecondarySocket} for why it differs. */
export function replySocketName(pid: number, unique: bigint): string {
  return `${REPLY_SOCKET_START}${pid}_${unique.toString(16)}`;
}

/** The pid in the name of a secondary's or a reply socket, `undefined` for any other name. */
export function pidOfSocket(path: string): number | undefined {
  const match = /^mp_(?:socket|reply)_(\d{1,10})_[0-9a-f]+$/.exec(path.slice(path.lastIndexOf('/') + 1));
  return match === null ? undefined : Number(match[1]);
}
