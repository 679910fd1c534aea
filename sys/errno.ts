import { constants } from 'node:os';

export const { EAGAIN, EPERM, ENOTCONN, ENOTDIR, EINTR, ENOENT, ENOBUFS, ECANCELED, ECONNREFUSED } =
  constants.errno;

/** linux/errno.h; Node has no name for it. */
const ETOOMANYREFS = 109;

const NAMES = new Map<number, string>([[ETOOMANYREFS, 'ETOOMANYREFS']]);
for (const [name, value] of Object.entries(constants.errno)) {
  // Where two names share a number, the one that Node's own errors carry is the right one.
  if (name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP') NAMES.set(value, name);
}

/** `'ECONNREFUSED'` for 111, and so on; a number without a name becomes `'E<number>'`. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}
