// A network namespace of its own for a process under test: what it makes there goes with it.
import { spawnSync } from 'node:child_process';
import { pendingUnlessCi } from './needs-dpdk.js';

/** One end of a pair of interfaces; both are up. */
export const INTERFACE = 'v0';
const PAIR = `ip link add ${INTERFACE} type veth peer name v1 && ip link set ${INTERFACE} up && ip link set v1 up`;

/** A command that runs the rest of its command line where that interface is. */
export const WITHIN_NETWORK = ['unshare', '--net', 'sh', '-c', `${PAIR} && exec "$@"`, 'sh'];

/** For a `before` hook: the suite is pending where we may not make interfaces, as in most containers. */
export function needsOwnNetwork(context: Mocha.Context): void {
  if (!hasIp()) pendingUnlessCi(context, "ip isn't installed; on Debian or Ubuntu: apt-get install iproute2");
  const [file = '', ...args] = [...WITHIN_NETWORK, 'true'];
  const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  console.log(`    pending: no interfaces can be made: ${error?.message ?? stderr.trim()}`);
  context.skip();
}

export function hasIp(): boolean {
  return spawnSync('which', ['ip'], { stdio: 'ignore' }).status === 0;
}
