import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { defaultRuntimeDir, PRIMARY_SOCKET, type RuntimeEnvironment } from '../../protocol/paths.js';
import { namesIn } from '../../sys/process-facts.js';
import { ignoringErrno } from '../../sys/system-error.js';
import { boundSockets } from '../../sys/unix-sockets.js';

/**
 * The runtime directories that DPDK processes of this machine use, as far as can be told: where a primary's socket is
 * bound now, spelled as that primary spells it; then DPDK's own choice for us; then those that it would choose for
 * other users and for services. Each once, however many names it has.
 */
export function runtimeDirs(env: RuntimeEnvironment, uid: number): string[] {
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
